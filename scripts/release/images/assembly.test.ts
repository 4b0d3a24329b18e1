import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeTar } from '#common/stream/untar'
import { archiveParts, archiveStream } from '../../images/deliver/docker-archive.ts'
import { blobPath, openLayout } from '../../images/layout/layout.ts'
import { loadInput, loadScript, planSegments } from './assembly.ts'
import { imagesIn, localHost, noise, tempFolder } from './transfer.fixture.ts'

// Only a hang is ended by it.
setDefaultTimeout(120_000)

const { folder, remove } = tempFolder()
afterAll(remove)

const images = imagesIn(folder, noise(70_000))
const release = images.build({ one: noise(1001), two: noise(3) })
const loadable = release.map(({ service, name }) => ({
  layout: openLayout(join(images.dist, service)),
  reference: name,
}))
const all = release.flatMap(({ layers }) => layers.map(({ digest }) => digest))
const read = (path: string) => new Uint8Array(readFileSync(path))

/** What a fake engine was given when the archive was put together on a host that holds these layers. */
const assembled = async (layers: ReadonlySet<string>, there = layers) => {
  const { lease, dir } = await localHost(folder, { load: 'cat >"$LUCID_TEST_OUT"; echo Loaded' })
  mkdirSync(join(dir, 'blobs', 'sha256'), { recursive: true })
  for (const { layout } of loadable)
    for (const digest of all) {
      const from = blobPath(layout.folder, { digest })
      if (there.has(digest) && (await Bun.file(from).exists())) copyFileSync(from, blobPath(dir, { digest }))
    }
  const segments = planSegments(loadable, 'linux/amd64', { layers, read })
  const out = join(dir, 'archive')
  const answer = await lease.run(`export LUCID_TEST_OUT=${out}\n${loadScript(segments)}`, {
    input: loadInput(segments),
  })
  return { answer, bytes: new Uint8Array(readFileSync(out)) }
}

test('the archive that a host puts together is to the byte the one that this machine would load', async () => {
  const whole = Buffer.concat(await Array.fromAsync(archiveStream(archiveParts(loadable, 'linux/amd64'))))
  const { answer, bytes } = await assembled(new Set(all))
  expect(answer).toMatchObject({ code: 0, out: 'Loaded\n' })
  expect(Buffer.compare(bytes, whole)).toBe(0)
})

test('layers that the engine has unpacked are named in it and not there', async () => {
  const own = new Set(release.map(({ layers }) => layers[1]?.digest ?? ''))
  const entries = decodeTar((await assembled(own)).bytes).map(({ path }) => path)
  for (const digest of all) expect(entries.includes(`blobs/${digest.replace(':', '/')}`)).toBe(own.has(digest))
  expect(entries).toContain('manifest.json')
})

test('only our own small documents go over the connection, compressed', () => {
  const segments = planSegments(loadable, 'linux/amd64', { layers: new Set(all), read })
  // Two images: their names, manifests, configurations, and a header for each part.
  expect(loadInput(segments).length).toBeLessThan(4096)
})

test('a layer that is gone from the host is said', async () => {
  const { answer } = await assembled(new Set(all), new Set(all.filter((digest) => digest !== all[0])))
  expect(answer.err).toContain(`${all[0]?.slice(7)}: No such file`)
})
