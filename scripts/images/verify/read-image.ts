import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { errorMessage } from '#common/process/error'
import { decodeTar } from '#common/stream/untar'
import type { Descriptor } from '../format/oci.ts'
import { blobPath, computeDigest, type PlatformImage } from '../layout/layout.ts'
import { extractFact, type Fact } from './facts.ts'
import type { Fingerprints } from './secrets.ts'
import type { Layer } from './subject.ts'

/** Reads layers from disk; one that several images share is read once. */
export type LayerReader = (folder: string, descriptor: Descriptor) => Layer

/** More than the largest layer that we could ever want: a small file that unpacks to more is a bomb. */
const LARGEST = 2 ** 30

const unpacked = (bytes: Uint8Array, mediaType: string): Uint8Array =>
  mediaType.endsWith('+gzip') || mediaType.endsWith('.gzip') ? gunzipSync(bytes, { maxOutputLength: LARGEST }) : bytes

const extractFacts = (archive: Uint8Array, own: Fingerprints): readonly Fact[] =>
  decodeTar(archive).map((entry) => extractFact(entry, own))

const read = (folder: string, descriptor: Descriptor, own: Fingerprints): Layer => {
  const { digest, mediaType, size } = descriptor
  const bad = (fault: string): Layer => ({ digest, mediaType, size, diffId: undefined, facts: [], faults: [fault] })
  const path = blobPath(folder, descriptor)
  if (!existsSync(path)) return bad('it is missing')
  const bytes = readFileSync(path)
  if (bytes.length !== size) return bad(`it has ${bytes.length} bytes and not ${size}`)
  if (computeDigest(bytes) !== digest) return bad('its bytes have another digest')
  let archive: Uint8Array
  try {
    archive = unpacked(bytes, mediaType)
  } catch (error) {
    return bad(`it cannot be unpacked: ${errorMessage(error)}`)
  }
  const diffId = `sha256:${createHash('sha256').update(archive).digest('hex')}`
  try {
    return { digest, mediaType, size, diffId, facts: extractFacts(archive, own), faults: [] }
  } catch (error) {
    return { ...bad(`it is no clean archive: ${errorMessage(error)}`), diffId }
  }
}

/** `own` are the secrets of this machine, which no layer may hold. */
export const layerReader = (own: Fingerprints): LayerReader => {
  const layers = new Map<string, Layer>()
  return (folder, descriptor) => {
    // The bytes of every copy count, so a copy elsewhere is compared even when its content is known.
    const key = `${folder} ${descriptor.digest} ${descriptor.mediaType}`
    const before = layers.get(key)
    if (before !== undefined) return before
    const same = [...layers.values()].find(
      (layer) =>
        layer.digest === descriptor.digest && layer.mediaType === descriptor.mediaType && layer.faults.length === 0,
    )
    const layer = same !== undefined && isIntact(folder, descriptor) ? same : read(folder, descriptor, own)
    layers.set(key, layer)
    return layer
  }
}

const isIntact = (folder: string, descriptor: Descriptor): boolean => {
  const path = blobPath(folder, descriptor)
  return existsSync(path) && computeDigest(readFileSync(path)) === descriptor.digest
}

/** The layers of an image, in order. */
export const readLayers = (
  reader: LayerReader,
  folder: string,
  { manifest }: Pick<PlatformImage, 'manifest'>,
): readonly Layer[] => manifest.layers.map((descriptor) => reader(folder, descriptor))
