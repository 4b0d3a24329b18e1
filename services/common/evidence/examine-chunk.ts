import { blake3 } from '#common/engines/blake3'
import { TAG_SIZE } from '#common/engines/xchacha'
import { isFault } from '../process/fault.ts'
import { chunkIndex } from './bundle.ts'
import { type ChunkHeader, chunkFileSize, decodeHeader, HEADER_SIZE, MAGIC, MAX_PLAIN, VERSION } from './chunk-file.ts'
import { expectedHeader, headerDifferences } from './expected-chunk.ts'
import type { Manifest, ManifestChunk } from './manifest.ts'
import { leafHash } from './merkle.ts'
import type { Entry } from './scan.ts'
import { sessionIdText } from './session-id.ts'

/**
 * What an entry of the archive turned out to be. `holds` = the chunk of the manifest that its content is, or
 * that its name claims when the content is not known; `problem` = a sentence when it is not intact.
 */
export type Examined = {
  readonly holds: number | undefined
  readonly problem: string | undefined
  /** The leaf of its content, hex; undefined for what has no content. */
  readonly leaf?: string
}

/** What all examinations of a bundle share. `isAuthentic`: the manifest is the signed or the anchored one. */
export type Expectation = {
  readonly manifest: Manifest
  readonly isAuthentic: boolean
  readonly indexOfLeaf: ReadonlyMap<string, number>
  /** The chunk that a nonce (hex) is of; looked up only where a header is wrong. */
  readonly findByNonce: (nonce: string) => number | undefined
}

/** Prepares the look-up by content and by header. */
export const prepareExpectation = (manifest: Manifest, isAuthentic: boolean): Expectation => {
  let byNonce: ReadonlyMap<string, number> | undefined
  return {
    manifest,
    isAuthentic,
    indexOfLeaf: new Map(manifest.chunks.map((chunk, at) => [chunk.leaf, at])),
    findByNonce: (nonce) => {
      byNonce ??= new Map(manifest.chunks.map((chunk, at) => [chunk.nonce, at]))
      return byNonce.get(nonce)
    },
  }
}

/** No chunk file is larger; entries above are never read into memory. */
export const MAX_CHUNK_FILE = chunkFileSize(MAX_PLAIN)

const hasMagic = (file: Uint8Array): boolean => MAGIC.every((byte, at) => file[at] === byte)

/** The part of an entry that is the chunk file: all of it when its size is known, else what the header announces. */
export const cutChunkFile = (entry: Entry, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => {
  if (entry.name !== undefined || bytes.length < HEADER_SIZE || !hasMagic(bytes)) return bytes
  const compLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(30)
  return bytes.subarray(0, Math.min(bytes.length, chunkFileSize(compLength)))
}

const sessionOf = (header: Pick<ChunkHeader, 'sessionId'>): string => {
  try {
    return sessionIdText(header.sessionId)
  } catch {
    return header.sessionId.toHex()
  }
}

/** Why content that no leaf of the manifest fits is not chunk `place`. */
const strangerProblem = (file: Uint8Array, { manifest }: Expectation, name: string): string => {
  if (file.length >= HEADER_SIZE && hasMagic(file) && file[4] !== VERSION)
    return `${name} has version ${file[4]}, this program reads version ${VERSION}`
  try {
    const session = sessionOf(decodeHeader(file))
    if (session !== manifest.session_id) return `${name} is foreign (session ${session})`
    return `${name} altered`
  } catch (error) {
    return `${name} altered (${isFault(error) ? error.message : 'unreadable'})`
  }
}

/** The differing header fields, or why the manifest's own row allows no header at all. */
const differences = (file: Uint8Array, manifest: Manifest, row: ManifestChunk): readonly string[] | string => {
  try {
    return headerDifferences(file, expectedHeader(manifest, row))
  } catch (error) {
    if (isFault(error)) return `its row in the manifest fits no chunk: ${error.message}`
    throw error
  }
}

const leafOf = (content: Uint8Array): string => leafHash(blake3(content)).toHex()

/** What is wrong with the header of a chunk whose content is intact; undefined when nothing is. */
const headerProblem = (
  file: Uint8Array,
  holds: number,
  row: ManifestChunk,
  { manifest, isAuthentic, findByNonce }: Expectation,
): string | undefined => {
  const fields = differences(file, manifest, row)
  if (typeof fields === 'string') return `chunk ${holds}: ${fields}`
  if (fields.length === 0) return undefined
  const whole = fields.includes('nonce')
  if (whole && fields.includes('session id'))
    return `chunk ${holds} carries a foreign header (session ${sessionOf({ sessionId: file.subarray(6, 22) })})`
  const owner = findByNonce(file.subarray(34, HEADER_SIZE).toHex())
  if (whole && owner !== undefined) return `chunk ${holds} carries the header of chunk ${owner}`
  const what = fields.join(', ')
  // Where the manifest is nobody's, header and row are one word against the other.
  return isAuthentic
    ? `chunk ${holds} altered in its header (${what})`
    : `chunk ${holds} and its row in the manifest differ (${what})`
}

/** Judges one chunk file that was read whole. `sha256` = of its ciphertext || tag. Undefined for what is no chunk at all. */
export const examineChunk = (
  entry: Entry,
  file: Uint8Array,
  sha256: string,
  expectation: Expectation,
): Examined | undefined => {
  const { manifest, indexOfLeaf } = expectation
  const claimed = entry.name === undefined ? undefined : chunkIndex(entry.name)
  const leaf = leafOf(file.subarray(HEADER_SIZE))
  const holds = indexOfLeaf.get(leaf)
  const row = holds === undefined ? undefined : manifest.chunks[holds]
  if (holds === undefined || row === undefined) {
    if (claimed === undefined && !hasMagic(file)) return undefined
    const bare = hasMagic(file) ? undefined : indexOfLeaf.get(leafOf(file))
    if (bare !== undefined) return { holds: bare, problem: `chunk ${bare} has lost its header` }
    const inside = claimed !== undefined && claimed < manifest.chunk_count
    const name = claimed === undefined ? 'a chunk with a damaged name' : `chunk ${claimed}`
    const problem = strangerProblem(file, expectation, name)
    return {
      holds: inside ? claimed : undefined,
      problem: inside ? problem : `${problem}; the manifest knows no such chunk`,
      leaf,
    }
  }
  const version = file[4]
  if (hasMagic(file) && version !== VERSION)
    return { holds, problem: `chunk ${holds} has version ${version}, this program reads version ${VERSION}`, leaf }
  const problem = headerProblem(file, holds, row, expectation)
  if (problem === undefined && row.sha256 !== sha256)
    return { holds, problem: `chunk ${holds}: the manifest states another sha256`, leaf }
  return { holds, problem, leaf }
}

/** True when the entry can be a chunk file at all by its size. */
export const fitsChunk = ({ name, size }: Entry): boolean =>
  size >= HEADER_SIZE + TAG_SIZE && size <= MAX_CHUNK_FILE + (name === undefined ? 511 : 0)
