import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { live } from '../../cli/run.ts'
import { startRegistry } from '../../testing/peers/registry/registry.ts'
import { writeLayout } from '../layout/layout.fixture.ts'
import { computeDigest, listBlobs, openLayout } from '../layout/layout.ts'
import { cuttingProxy } from './cutting-proxy.fixture.ts'
import type { Network } from './network.ts'
import { pushImages } from './push-images.ts'

// Only a hang is ended by it.
setDefaultTimeout(300_000)

const folder = mkdtempSync(join(tmpdir(), 'lucid-push-peer-'))
const registry = await startRegistry({ folder: join(folder, 'registry') })
const skopeo = Bun.which('skopeo')
if ('absent' in registry) console.log(`NOT RUN: ${registry.absent} (push to a real registry)`)
else if (skopeo === null)
  console.log('NOT RUN: skopeo is not installed: apt-get install skopeo (what a registry gives back)')

afterAll(async () => {
  if (!('absent' in registry)) await registry.stop()
  rmSync(folder, { recursive: true, force: true })
})

const MIB = 1024 * 1024
/** Bytes that gzip cannot make smaller. */
const noise = (mebibytes: number) =>
  Buffer.concat(Array.from({ length: mebibytes * 16 }, () => crypto.getRandomValues(new Uint8Array(65_536))))

let made = 0
const makeImage = (mebibytes = 1) => {
  const at = join(folder, `image-${made++}`)
  const shared = [{ path: 'shared', content: `of both ${made}` }]
  writeLayout(at, [
    { architecture: 'amd64', layers: [shared, [{ path: 'app', content: noise(mebibytes) }]] },
    { architecture: 'arm64', layers: [shared, [{ path: 'app', content: 'small' }]] },
  ])
  return { folder: at, layout: openLayout(at) }
}

const network: Network = { fetch, pause: () => Bun.sleep(5), random: () => 0 }
const push = (
  image: ReturnType<typeof makeImage>,
  repositories: readonly string[],
  { tag = 'one', env = { DOCKER_CONFIG: join(folder, 'nobody') } } = {},
) => pushImages([{ folder: image.folder, tag }], repositories, { env, network })

/** The digest of what a registry gives for a reference, as skopeo sees it; and all of it copied and checked. */
const pulled = async (reference: string, user?: string) => {
  const words = [skopeo ?? '', '--insecure-policy'] as const
  const creds = user === undefined ? [] : ['--creds', user]
  const raw = await live([...words, 'inspect', '--tls-verify=false', ...creds, '--raw', `docker://${reference}`])
  const to = join(folder, `pulled-${made++}`)
  const args = ['copy', '--all', '--src-tls-verify=false', ...(user === undefined ? [] : ['--src-creds', user])]
  const copied = await live([...words, ...args, `docker://${reference}`, `oci:${to}:x`])
  if (copied.code !== 0) throw new Error(copied.err)
  return { digest: computeDigest(new TextEncoder().encode(raw.out)), copy: openLayout(to) }
}

describe.skipIf('absent' in registry || skopeo === null)('a real registry', () => {
  if ('absent' in registry) {
    test.skip(registry.absent, () => {})
    return
  }
  const { host, port } = registry

  test('takes an image of two platforms, and skopeo gets every byte of it back', async () => {
    const image = makeImage()
    const [pushed] = await push(image, [`${host}/pickme/lucid`])
    expect(pushed).toMatchObject({ changed: true, uploaded: 5, mounted: 0, there: 0 })
    const { digest, copy } = await pulled(`${host}/pickme/lucid:one`)
    expect(digest).toBe(image.layout.root.descriptor.digest)
    expect(
      listBlobs(copy)
        .map((one) => one.digest)
        .toSorted(),
    ).toEqual(
      listBlobs(image.layout)
        .map((one) => one.digest)
        .toSorted(),
    )
    expect(await push(image, [`${host}/pickme/lucid`])).toMatchObject([{ changed: false, bytes: 0 }])
  })

  test('is asked for what it has, and mounts it from another repository', async () => {
    const image = makeImage()
    const both = await push(image, [`${host}/first/place`, `${host}/second/place`])
    expect(both).toMatchObject([
      { uploaded: 5, mounted: 0 },
      { uploaded: 0, mounted: 5, bytes: 0 },
    ])
    expect((await pulled(`${host}/second/place:one`)).digest).toBe(image.layout.root.descriptor.digest)
    expect(await push(image, [`${host}/second/place`], { tag: 'two' })).toMatchObject([{ uploaded: 0, there: 5 }])
  })

  test('gets a whole image over a line that is cut at every MiB, with at most the lost chunks sent again', async () => {
    const image = makeImage(12)
    const proxy = await cuttingProxy(port, MIB)
    try {
      const [pushed] = await push(image, [`127.0.0.1:${proxy.port}/cut/lucid`])
      const whole = listBlobs(image.layout).reduce((sum, { size }) => sum + size, 0)
      expect(pushed?.changed).toBe(true)
      expect(proxy.cuts()).toBeGreaterThan(0)
      expect(proxy.received()).toBeLessThan(whole + proxy.cuts() * MIB + 256 * 1024)
      console.log(`cut at every MiB: ${proxy.cuts()} cuts, ${proxy.received()} bytes for ${whole}`)
    } finally {
      proxy.close()
    }
    expect((await pulled(`${host}/cut/lucid:one`)).digest).toBe(image.layout.root.descriptor.digest)
  })

  test('that went down in the middle gets the rest from the next push', async () => {
    const image = makeImage(24)
    const at = { folder: join(folder, 'fragile') }
    const first = await startRegistry(at)
    if ('absent' in first) throw new Error(first.absent)
    let stopped: Promise<void> | undefined
    const broken = pushImages([{ folder: image.folder, tag: 'one' }], [`${first.host}/a/b`], {
      env: { DOCKER_CONFIG: join(folder, 'nobody') },
      network,
      onEvent: (_, { kind }) => {
        if (kind === 'uploaded') stopped ??= first.stop()
      },
    })
    await expect(broken).rejects.toThrow(/try again later/)
    await broken.catch(() => undefined)
    await stopped
    const second = await startRegistry({ ...at, port: first.port })
    if ('absent' in second) throw new Error(second.absent)
    try {
      const [pushed] = await push(image, [`${second.host}/a/b`])
      expect(pushed?.there).toBeGreaterThan(0)
      expect((await pulled(`${second.host}/a/b:one`)).digest).toBe(image.layout.root.descriptor.digest)
    } finally {
      await second.stop()
    }
  })

  test('that wants a password gets the one of Docker’s configuration, and says so when it is wrong', async () => {
    const closed = await startRegistry({ folder: join(folder, 'closed'), users: { me: 'right' } })
    if ('absent' in closed) throw new Error(closed.absent)
    try {
      const image = makeImage()
      const config = (password: string) => {
        const at = join(folder, `config-${password}`)
        mkdirSync(at, { recursive: true })
        const auth = Buffer.from(`me:${password}`).toString('base64')
        writeFileSync(join(at, 'config.json'), JSON.stringify({ auths: { [closed.host]: { auth } } }))
        return { env: { DOCKER_CONFIG: at } }
      }
      const repository = [`${closed.host}/pickme/lucid`]
      await expect(push(image, repository)).rejects.toThrow(
        `asks for a user and a password: docker login ${closed.host}`,
      )
      const wrong = push(image, repository, config('wrong'))
      await expect(wrong).rejects.toThrow(/answered 401 .*docker login again/)
      await wrong.catch(() => undefined)
      expect(await push(image, repository, config('right'))).toMatchObject([{ changed: true }])
      expect((await pulled(`${closed.host}/pickme/lucid:one`, 'me:right')).digest).toBe(
        image.layout.root.descriptor.digest,
      )
    } finally {
      await closed.stop()
    }
  })

  test('keeps the same digest when skopeo pushes our layout', async () => {
    const image = makeImage()
    const copied = await live([
      ...([skopeo ?? '', '--insecure-policy', 'copy', '--all', '--dest-tls-verify=false'] as const),
      `oci:${image.folder}`,
      `docker://${host}/by/skopeo:one`,
    ])
    expect({ code: copied.code, err: copied.code === 0 ? '' : copied.err }).toEqual({ code: 0, err: '' })
    expect((await pulled(`${host}/by/skopeo:one`)).digest).toBe(image.layout.root.descriptor.digest)
    expect(await push(image, [`${host}/by/skopeo`])).toMatchObject([{ changed: false }])
    expect(readFileSync(join(image.folder, 'oci-layout'), 'utf8')).toContain('1.0.0')
  })
})
