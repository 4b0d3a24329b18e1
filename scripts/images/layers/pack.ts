import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { encodeTar } from '#common/stream/tar'
import { blobPath, checksum, writeBlob, writeWhole } from '../packages/cache.ts'
import { type LayerContent, type PackedLayer, readElfFiles } from './layer.ts'

/** Above this, bytes, a layer is compressed at a level that takes seconds and not half a minute. */
const LARGE = 16 * 1024 * 1024

/** gzip by libdeflate, the same on every machine. Level 12 gives 3 % less than 6 and takes eight times as long. */
const gzip = (bytes: Uint8Array): Uint8Array =>
  Bun.gzipSync(bytes as Uint8Array<ArrayBuffer>, { library: 'libdeflate', level: bytes.length > LARGE ? 6 : 12 }) // never shared memory

/** Packs a layer and keeps its blob in the cache. */
export const packLayer = (cache: string, { title, entries, components, own }: LayerContent): PackedLayer => {
  const archive = encodeTar(entries)
  const blob = gzip(archive)
  const { hex } = writeBlob(cache, blob)
  return {
    title,
    digest: `sha256:${hex}`,
    diffId: `sha256:${checksum(archive).hex}`,
    size: blob.length,
    unpacked: archive.length,
    components,
    own,
    ...readElfFiles(entries),
  }
}

/** Path of a layer's blob in a folder of blobs. */
export const layerPath = (folder: string, { digest }: { readonly digest: string }): string =>
  blobPath(folder, { algorithm: 'sha256', hex: digest.replace(/^sha256:/, '') })

const recordPath = (cache: string, key: string): string => join(cache, 'layers', `${key}.json`)

/** The layer that was packed for a plan, when its blob is still there in its full size. */
export const readCachedLayer = (cache: string, key: string): PackedLayer | undefined => {
  const path = recordPath(cache, key)
  if (!existsSync(path)) return undefined
  try {
    const layer = JSON.parse(readFileSync(path, 'utf8')) as PackedLayer // written by cacheLayer
    if (statSync(layerPath(cache, layer)).size === layer.size) return layer
  } catch {
    // A note that cannot be read, or without its blob, is none.
  }
  rmSync(path, { force: true })
  return undefined
}

/** Writes down what was packed for a plan. */
export const cacheLayer = (cache: string, key: string, layer: PackedLayer): void =>
  writeWhole(recordPath(cache, key), JSON.stringify(layer))

/** Forgets a layer whose blob turned out to be something else. */
export const dropLayer = (cache: string, key: string, layer: PackedLayer): void => {
  rmSync(recordPath(cache, key), { force: true })
  rmSync(layerPath(cache, layer), { force: true })
}
