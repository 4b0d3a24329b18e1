import { equalBytes, fromHex } from '../stream/bytes.ts'
import { type ChunkHeader, encodeHeader, FLAG_LAST, FLAG_ZSTD, HEADER_SIZE } from './chunk-file.ts'
import { endsAbnormally, type Manifest, type ManifestChunk } from './manifest.ts'
import { sessionIdBytes } from './session-id.ts'

/** The header of a chunk of this manifest: compressed when comp < plain, last on the final one with no gap after. */
export const expectedHeader = (manifest: Manifest, chunk: ManifestChunk): ChunkHeader => {
  const last = chunk.i === manifest.chunk_count - 1 && !endsAbnormally(manifest)
  return {
    sessionId: sessionIdBytes(manifest.session_id),
    index: chunk.i,
    flags: (chunk.comp < chunk.plain ? FLAG_ZSTD : 0) | (last ? FLAG_LAST : 0),
    plainLength: chunk.plain,
    compLength: chunk.comp,
    nonce: fromHex(chunk.nonce, 24),
  }
}

const FIELDS = [
  ['magic', 0, 4],
  ['version', 4, 5],
  ['flags', 5, 6],
  ['session id', 6, 22],
  ['index', 22, 26],
  ['plain length', 26, 30],
  ['stored length', 30, 34],
  ['nonce', 34, HEADER_SIZE],
] as const

/** The names of the header fields in which a file differs from what the manifest demands; empty when it does not. */
export const headerDifferences = (file: Uint8Array, expected: ChunkHeader): readonly string[] => {
  const bytes = encodeHeader(expected)
  return FIELDS.filter(([, from, to]) => !equalBytes(file.subarray(from, to), bytes.subarray(from, to))).map(
    ([name]) => name,
  )
}
