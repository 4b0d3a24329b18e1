import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { missingImages } from './missing-images.ts'
import { pruneImages } from './prune-images.ts'
import { pullImages } from './pull-images.ts'
import { sendImages } from './send-images.ts'
import { stockImages } from './stock-images.ts'
import { type FakeEngine, imagesIn, localHost, noise, REPOSITORY, tempFolder } from './transfer.fixture.ts'

// The engine is a fake: a script that says what it is told. The real ones are in transfer.peer.test.ts.

// Only a hang is ended by it.
setDefaultTimeout(120_000)

const { folder, remove } = tempFolder()
afterAll(remove)

const images = imagesIn(folder, noise(5000))
const [one, two] = images.build({ one: noise(1000), two: noise(10) })
if (one === undefined || two === undefined) throw new Error('two images were built')

const inspected = ({ config, name, layers }: typeof one) =>
  `lucid-image ${config}|${name} |${layers.map(({ diffId }) => `${diffId.slice(7, 23)} `).join('')}`
const absent = "echo 'Error: No such image' >&2"
const quiet = { pause: async () => {} }

test('the engine is asked once for all images', async () => {
  const { lease } = await localHost(folder, { inspect: `echo '${inspected(one)}'; ${absent}; exit 1` })
  expect(await missingImages(lease, [one, two])).toEqual([two])
  expect(await missingImages({ ...lease, run: lease.run }, [])).toEqual([])
})

test('an engine that fails while it is asked is no engine without images', async () => {
  const { lease } = await localHost(folder, { inspect: "echo 'Error: i/o timeout' >&2; exit 1" })
  await expect(missingImages(lease, [one])).rejects.toThrow('gave no answer that can be read')
})

describe('without a registry', () => {
  const send = async (engine: FakeEngine, notices: string[] = []) => {
    const host = await localHost(folder, engine)
    const sending = sendImages(host.lease, [one, two], {
      dist: images.dist,
      onNotice: (text) => notices.push(text),
      ...quiet,
    })
    return { ...host, sending }
  }

  test('images that are there cost one question', async () => {
    const { sending, dir } = await send({ inspect: `echo '${inspected(one)}'; echo '${inspected(two)}'` })
    expect(await sending).toEqual({ sent: 0, bytes: 0, cuts: 0, loaded: [] })
    expect(readdirSync(dir)).toEqual(['deploy'])
  })

  test('a disk that is full when the engine loads is said, and the blobs stay for the next time', async () => {
    const { sending, dir } = await send({
      inspect: `${absent}; ${absent}; exit 1`,
      load: "cat >/dev/null; echo 'write /layer.tar: no space left on device'; exit 1",
    })
    await expect(sending).rejects.toThrow('the disk of this machine is full: make room (df -h')
    expect(readdirSync(join(dir, 'blobs', 'sha256')).length).toBe(3)
  })

  test('an engine that says yes and has no image is a fault, and a name that was another image is told', async () => {
    const notices: string[] = []
    const other = inspected({ ...one, config: `sha256:${'f'.repeat(64)}` })
    const { sending } = await send({ inspect: `echo '${other}'; ${absent}; exit 1` }, notices)
    await expect(sending).rejects.toThrow(`took ${one.name} and says that it is another image`)
    expect(notices).toEqual([`${one.name}: that name was another image: it is replaced`])
  })

  test('a folder of images that is not that release is refused before anything is sent', async () => {
    const { lease, dir } = await localHost(folder, { inspect: `${absent}; exit 1` })
    const foreign = { ...one, manifest: `sha256:${'e'.repeat(64)}` }
    await expect(sendImages(lease, [foreign], { dist: images.dist, ...quiet })).rejects.toThrow(
      `is not the image of ${one.name}: build that release again`,
    )
    expect(readdirSync(dir)).toEqual(['deploy'])
  })
})

test('a pull that fails says what to do', async () => {
  const { lease } = await localHost(folder, {
    inspect: `${absent}; exit 1`,
    pull: "echo 'unauthorized: authentication required' >&2; exit 1",
  })
  await expect(pullImages(lease, [one], quiet)).rejects.toThrow(
    `this machine may not pull ${REPOSITORY}@${one.digest}: docker login registry.test there, or use --registry-less`,
  )
})

describe('an image of somebody else', () => {
  const mongo = `mongo:7@sha256:${'1'.repeat(64)}`
  const stock = [
    { service: 'mongo', name: mongo },
    { service: 'mongo-init', name: mongo },
  ]
  const info = 'echo lucid-store overlay2'

  test('that is there is left alone', async () => {
    const { lease } = await localHost(folder, { info, inspect: "echo 'lucid-has 0'", pull: 'exit 9' })
    expect(await stockImages(lease, stock, { from: 'registry', ...quiet })).toEqual([])
    expect(await stockImages(lease, stock, { from: 'host', ...quiet })).toEqual([])
  })

  test('that is missing is pulled once, or named with the two ways out', async () => {
    const { lease } = await localHost(folder, { info, inspect: 'exit 1' })
    expect(await stockImages(lease, stock, { from: 'registry', ...quiet })).toEqual([mongo])
    await expect(stockImages(lease, stock, { from: 'host', ...quiet })).rejects.toThrow(
      `this machine has no ${mongo} (for mongo): docker save mongo:7 | docker load, then set LUCID_MONGO_IMAGE=mongo:7`,
    )
  })
})

test('only images with names of contents and blobs that no kept release has are removed', async () => {
  const old = `${REPOSITORY}:one-0123456789ab`
  const busy = `${REPOSITORY}:two-0123456789ab`
  const others = [`${REPOSITORY}:latest`, 'other/lucid:one-0123456789ab', one.name]
  const { lease, dir } = await localHost(folder, {
    ls: [old, busy, ...others].map((name) => `echo 'lucid-image ${name}'`).join('; '),
    rm: `case "$3" in ${busy}) echo 'conflict: container 1 is using it' >&2; exit 1;; ${old});; *) exit 9;; esac`,
  })
  const blobs = join(dir, 'blobs', 'sha256')
  mkdirSync(blobs, { recursive: true })
  const kept = one.layers.map(({ digest }) => digest.slice(7))
  for (const name of [...kept, `${kept[0]}.part`, 'a'.repeat(64), `${'b'.repeat(64)}.part`, 'notes'])
    writeFileSync(join(blobs, name), 'four')
  expect(await pruneImages(lease, [one], quiet)).toEqual({ images: [old], inUse: [busy], blobs: 2, bytes: 8 })
  expect(readdirSync(blobs).toSorted()).toEqual([...kept, `${kept[0]}.part`, 'notes'].toSorted())
})
