import { afterAll, expect, test } from 'bun:test'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openLayout } from '../../images/layout/layout.ts'
import { releaseImages } from './release-images.ts'
import { imagesIn, REPOSITORY, tempFolder } from './transfer.fixture.ts'

const { folder, remove } = tempFolder()
afterAll(remove)

const images = imagesIn(folder, new Uint8Array(5))
const content = new Uint8Array([1])

test('each image of the lock is there with its digests, of one platform, sorted by service', () => {
  const made = images.build({ two: content, one: content })
  expect(made.map(({ service }) => service)).toEqual(['one', 'two'])
  const [one] = made
  const layout = openLayout(join(images.dist, 'one'))
  const [amd] = layout.images
  expect(one).toEqual({
    service: 'one',
    name: `${REPOSITORY}:one-${layout.root.descriptor.digest.slice(7, 19)}`,
    pull: `${REPOSITORY}@${layout.root.descriptor.digest}`,
    digest: layout.root.descriptor.digest,
    manifest: amd?.documents.manifest.descriptor.digest ?? '',
    config: amd?.manifest.config.digest ?? '',
    layers:
      amd?.manifest.layers.map(({ digest, size }, at) => ({
        digest,
        size,
        diffId: amd.config.rootfs.diff_ids[at] ?? '',
      })) ?? [],
  })
})

test('an image that is not the one of the lock is refused', () => {
  images.build({ one: content })
  const lock = join(images.dist, 'images.lock.json')
  const text = readFileSync(lock, 'utf8')
  writeFileSync(lock, text.replace(/[0-9a-f]{64}/, 'f'.repeat(64)))
  expect(() => releaseImages(images.dist, 'linux/amd64', REPOSITORY)).toThrow('and its lock says sha256:ffff')
})

test('a layer that is cut short, and a platform that is not there, are said', () => {
  const [one] = images.build({ one: new Uint8Array([7]) })
  const layer = one?.layers.at(-1)?.digest ?? ''
  expect(() => releaseImages(images.dist, 'linux/riscv64', REPOSITORY)).toThrow('no image for linux/riscv64')
  truncateSync(join(images.dist, 'one', 'blobs', ...layer.split(':')), 3)
  expect(() => releaseImages(images.dist, 'linux/amd64', REPOSITORY)).toThrow('is 3 bytes and not')
})
