import type { Aead } from '#common/engines/aead'
import { blake3 } from '#common/engines/blake3'
import { decompress } from '#common/engines/zstd'
import {
  aad,
  type ChunkHeader,
  encodeHeader,
  FLAG_ZSTD,
  HEADER_SIZE,
  splitChunkFile,
} from '#common/evidence/chunk-file'
import { chunkKey } from '#common/evidence/chunk-key'
import { leafHash } from '#common/evidence/merkle'
import { sessionIdBytes } from '#common/evidence/session-id'
import { Fault } from '#common/process/fault'
import { equalBytes, free, fromHex } from '#common/stream/bytes'
import type { ChunkFolder } from './chunk-folder.ts'
import type { Sessions } from './sessions.ts'
import type { ChunkDoc } from './store.ts'

export type Reader = {
  /** The chunk file, checked against its record. Throws Fault `chunk-damaged` (an incident), `no-such-chunk`. */
  readonly file: (session: string, index: number) => Promise<Uint8Array<ArrayBuffer>>
  /** The plain bytes of a chunk. Any failure to verify gives no byte and raises an incident. */
  readonly plain: (session: string, index: number) => Promise<Uint8Array<ArrayBuffer>>
}

export type ReadParts = {
  readonly sessions: Sessions
  readonly folder: ChunkFolder
  readonly aead: Aead
  readonly recordOf: (session: string, index: number) => Promise<ChunkDoc | undefined>
  readonly incident: (session: string, index: number, reason: string) => Promise<void>
}

/** The header that a chunk's file must have: everything in it is in the record. */
const headerOf = ({ session, index, flags, plain, comp, nonce }: ChunkDoc): ChunkHeader => ({
  sessionId: sessionIdBytes(session),
  index,
  flags,
  plainLength: plain,
  compLength: comp,
  nonce: fromHex(nonce, 24),
})

/** Reading verifies: bytes leave only if they are those that were acknowledged. */
export const reader = ({ sessions, folder, aead, recordOf, incident }: ReadParts): Reader => {
  const damaged = async (session: string, index: number, reason: string): Promise<Fault> => {
    await incident(session, index, reason)
    return new Fault(
      'unavailable',
      'chunk-damaged',
      `chunk ${index} does not verify (${reason}); restore it`,
      {
        extra: { session, index },
      },
    )
  }

  const load = async (session: string, index: number) => {
    const record = await recordOf(session, index)
    if (record === undefined)
      throw new Fault('missing', 'no-such-chunk', `this session has no chunk ${index}`)
    const bytes = await folder.read(session, index).catch(async () => {
      throw await damaged(session, index, 'its file is gone')
    })
    const parts = await Promise.resolve(bytes)
      .then(splitChunkFile)
      .catch(async () => {
        throw await damaged(session, index, 'its header was altered')
      })
    const { header, sealed } = parts
    if (!equalBytes(leafHash(blake3(sealed)), fromHex(record.leaf)))
      throw await damaged(session, index, 'its bytes were altered')
    if (!equalBytes(bytes.subarray(0, HEADER_SIZE), encodeHeader(headerOf(record))))
      throw await damaged(session, index, 'its header was altered')
    return { bytes, header, sealed }
  }

  return {
    file: async (session, index) => (await load(session, index)).bytes,
    plain: async (session, index) => {
      const { bytes, header, sealed } = await load(session, index)
      const id = sessionIdBytes(session)
      const key = chunkKey(await sessions.key(session), id, index)
      const stored = await aead
        .open({ key, nonce: header.nonce, aad: aad(header), sealed })
        .catch(async () => {
          throw await damaged(session, index, 'authentication failed')
        })
      key.fill(0)
      free(bytes)
      if ((header.flags & FLAG_ZSTD) === 0) return stored
      const plain = await decompress(stored, header.plainLength)
      free(stored)
      return plain
    },
  }
}
