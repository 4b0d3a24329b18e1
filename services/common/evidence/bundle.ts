import { Fault } from '../process/fault.ts'
import { END_SIZE, padded, padding } from '../stream/tar.ts'
import type { AnchorDocument } from './anchor.ts'
import { canonicalBytes } from './canonical-json.ts'
import { chunkFileName, chunkFileSize } from './chunk-file.ts'
import type { Keys } from './keys.ts'
import { type Manifest, parseManifest } from './manifest.ts'
import type { SealedKeys } from './owner-seal.ts'
import type { ManifestSignature } from './signature.ts'
import { encodeBundleEntry, encodeBundleHeader } from './tar.ts'

/**
 * Evidence bundle v1 (SPEC section 4), `session-<id>.lucid.tar`: the documents first, then every chunk file in
 * order, then keys.json when the owner asked for it, keys.sealed.json when the session has an owner's key, and audit.jsonl when its
 * events have bodies. Written as a stream, never held whole.
 */

export const MANIFEST_NAME = 'manifest.json'
export const SIGNATURE_NAME = 'manifest.sig.json'
export const ANCHOR_NAME = 'anchor.json'
export const KEYS_NAME = 'keys.json'
export const SEALED_KEYS_NAME = 'keys.sealed.json'
export const AUDIT_NAME = 'audit.jsonl'

/** The file name of a session's bundle. */
export const bundleName = (session: string): string => `session-${session}.lucid.tar`

/** The entry name of a chunk. */
export const chunkName = (index: number): string => `chunks/${chunkFileName(index)}`

/** The index in an entry name that `chunkName` gives; undefined for every other name. */
export const chunkIndex = (name: string): number | undefined => {
  const digits = /^chunks\/(\d{6,7})\.lcd$/.exec(name)?.[1]
  return digits !== undefined && chunkName(Number(digits)) === name ? Number(digits) : undefined
}

/** What a bundle holds beside its documents: so many chunks, and which keys. */
export type Contents = {
  readonly chunks: number
  readonly keys: boolean
  readonly sealed?: boolean
  readonly audit?: boolean
}

const OPENING = [MANIFEST_NAME, SIGNATURE_NAME, ANCHOR_NAME]

/** The name of the entry at a place, from 0; undefined behind the last. */
export const entryName = (
  place: number,
  { chunks, keys, sealed = false, audit = false }: Contents,
): string | undefined => {
  const chunk = place - OPENING.length
  if (chunk < chunks) return OPENING[place] ?? chunkName(chunk)
  const optional = { [KEYS_NAME]: keys, [SEALED_KEYS_NAME]: sealed, [AUDIT_NAME]: audit }
  return Object.entries(optional)
    .filter(([, isThere]) => isThere)
    .map(([name]) => name)[chunk - chunks]
}

/** All of a bundle but its chunks. `manifest` = the canonical bytes that were hashed. */
export type BundleDocuments = {
  readonly manifest: Uint8Array
  readonly signature: ManifestSignature
  readonly anchor: AnchorDocument
  readonly keys?: Keys
  readonly sealed?: SealedKeys
  readonly audit?: Uint8Array
}

const documentEntries = ({ manifest, signature, anchor }: BundleDocuments): readonly Uint8Array<ArrayBuffer>[] => [
  encodeBundleEntry(MANIFEST_NAME, manifest),
  encodeBundleEntry(SIGNATURE_NAME, canonicalBytes(signature)),
  encodeBundleEntry(ANCHOR_NAME, canonicalBytes(anchor)),
]

const endEntries = ({ keys, sealed, audit }: BundleDocuments): readonly Uint8Array<ArrayBuffer>[] => [
  ...(keys === undefined ? [] : [encodeBundleEntry(KEYS_NAME, canonicalBytes(keys))]),
  ...(sealed === undefined ? [] : [encodeBundleEntry(SEALED_KEYS_NAME, canonicalBytes(sealed))]),
  ...(audit === undefined ? [] : [encodeBundleEntry(AUDIT_NAME, audit)]),
  new Uint8Array(END_SIZE),
]

const bytesIn = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.length, 0)

const chunkSizes = (manifest: Manifest): readonly number[] => manifest.chunks.map((chunk) => chunkFileSize(chunk.comp))

/** Bytes of the whole bundle, for a Content-Length. Throws as `parseManifest` does. */
export const bundleSize = (documents: BundleDocuments): number =>
  bytesIn(documentEntries(documents)) +
  bytesIn(endEntries(documents)) +
  chunkSizes(parseManifest(documents.manifest)).reduce((sum, size) => sum + 512 + padded(size), 0)

/**
 * The bundle as buffers in order. `chunk` gives the whole chunk file of an index; it is asked for one chunk at
 * a time, in order. Throws Fault `unavailable` code `chunk-size` when a chunk file has not the size that the
 * manifest states, before a byte of it is given out. The consumer may free each buffer once it is written.
 */
export async function* bundleParts(
  documents: BundleDocuments,
  chunk: (index: number) => Promise<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const sizes = chunkSizes(parseManifest(documents.manifest))
  yield* documentEntries(documents)
  for (const [index, size] of sizes.entries()) {
    const file = await chunk(index)
    if (file.length !== size)
      throw new Fault(
        'unavailable',
        'chunk-size',
        `chunk ${index} is stored with ${file.length} bytes, the manifest states ${size}`,
      )
    yield encodeBundleHeader(chunkName(index), size)
    yield file
    const rest = padding(size)
    if (rest.length > 0) yield rest
  }
  yield* endEntries(documents)
}
