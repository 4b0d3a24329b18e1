import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeTar } from '#common/stream/untar'
import { writeLayout } from '../layout/layout.fixture.ts'
import { blobPath, computeDigest, listBlobs, openLayout } from '../layout/layout.ts'
import { archiveParts, archiveSize, archiveStream, parseDomain } from './docker-archive.ts'
import { loadImages } from './load.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-load-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const shared = [{ path: 'base', content: 'both have it' }]
const layoutOf = (name: string) => {
  writeLayout(join(folder, name), [
    { architecture: 'amd64', layers: [shared, [{ path: 'app', content: name }]] },
    { architecture: 'arm64', layers: [[{ path: 'app', content: 'other' }]] },
  ])
  return openLayout(join(folder, name))
}
const images = ['one', 'two'].map((name) => ({ layout: layoutOf(name), reference: `pickme/lucid:${name}` }))

test('an archive has both formats over the same blobs, of one platform, each blob once', async () => {
  const parts = archiveParts(images, 'linux/amd64', { domain: 'hub.example' })
  const bytes = Buffer.concat(await Array.fromAsync(archiveStream(parts)))
  expect(bytes.length).toBe(archiveSize(parts))
  const entries = new Map(decodeTar(bytes).map(({ path, data }) => [path, data]))
  const text = (path: string) => JSON.parse(Buffer.from(entries.get(path) ?? []).toString())
  expect(text('oci-layout')).toEqual({ imageLayoutVersion: '1.0.0' })
  const blobs = [...entries.keys()].filter((path) => path.startsWith('blobs/'))
  // Two manifests, two configurations, the layer that both have, and one of each.
  expect(blobs.length).toBe(7)
  for (const path of blobs)
    expect(computeDigest(entries.get(path) ?? new Uint8Array())).toBe(path.slice(6).replace('/', ':'))
  const legacy = text('manifest.json') as readonly {
    readonly Config: string
    readonly RepoTags: string[]
    readonly Layers: string[]
  }[]
  expect(legacy.map(({ RepoTags }) => RepoTags)).toEqual([['pickme/lucid:one'], ['pickme/lucid:two']])
  for (const { Config, Layers } of legacy) for (const path of [Config, ...Layers]) expect(entries.has(path)).toBe(true)
  const { manifests } = text('index.json')
  expect(manifests[0]).toMatchObject({
    platform: { os: 'linux', architecture: 'amd64' },
    annotations: {
      'io.containerd.image.name': 'hub.example/pickme/lucid:one',
      'org.opencontainers.image.ref.name': 'one',
    },
  })
})

test('a platform that is not there, and a blob that is cut short, are said', async () => {
  expect(() => archiveParts(images, 'linux/riscv64')).toThrow(
    'has no image for linux/riscv64, only for linux/amd64, linux/arm64',
  )
  const layout = layoutOf('cut')
  const [blob] = listBlobs(layout)
  truncateSync(blobPath(layout.folder, { digest: blob?.digest ?? '' }), 5)
  const stream = archiveStream(archiveParts([{ layout, reference: 'a:b' }], 'linux/amd64'))
  await expect(Array.fromAsync(stream)).rejects.toThrow('has 5 bytes and not')
})

test('without a client or an engine, that is what is said', async () => {
  await expect(loadImages(images, { env: { PATH: folder } })).rejects.toThrow('there is no docker in PATH')
})

test.each([
  ['https://index.hub.example/v1/', 'hub.example'],
  ['https://mirror.example:5000', 'mirror.example'],
  ['', undefined],
  ['nothing that is an address', undefined],
])('of an engine whose index is %p, names without a registry are of %p', (index, domain) => {
  expect(parseDomain(index)).toBe(domain as string)
})
