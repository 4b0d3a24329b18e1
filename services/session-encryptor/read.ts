import type { Aead } from '#common/engines/aead'
import { blake3 } from '#common/engines/blake3'
import { aad, encodeHeader, HEADER_SIZE, splitChunkFile } from '#common/evidence/chunk-file'
import { chunkKey } from '#common/evidence/chunk-key'
import { leafHash } from '#common/evidence/merkle'
import { openChunk } from '#common/evidence/open-chunk'
import { Fault, isFault } from '#common/process/fault'
import { equalBytes, free, fromHex } from '#common/stream/bytes'
import type { ChunkFolder } from './chunk-folder.ts'
import { expectedHeader } from './chunk-rules.ts'
import type { ChunkDoc } from './store.ts'

export type Reader = {
  /** The chunk file, checked against its record. Throws Fault `chunk-damaged` (an incident), `no-such-chunk`. */
  readonly file: (session: string, index: number) => Promise<Uint8Array<ArrayBuffer>>
  /** The plain bytes of a chunk. Any failure to verify gives no byte and raises an incident. */
  readonly plain: (session: string, index: number) => Promise<Uint8Array<ArrayBuffer>>
  /** Whether these are the (compressed) bytes that a chunk was made of. Throws as `file`. */
  readonly holds: (session: string, index: number, bytes: Uint8Array) => Promise<boolean>
}

export type ReadParts = {
  readonly sessionKey: (session: string) => Promise<Uint8Array>
  readonly folder: ChunkFolder
  readonly aead: Aead
  readonly findRecord: (session: string, index: number) => Promise<ChunkDoc | undefined>
  readonly incident: (session: string, index: number, reason: string) => Promise<void>
}

const chunkDamaged = (session: string, index: number, reason: string) =>
  new Fault('unavailable', 'chunk-damaged', `chunk ${index} does not verify (${reason}); restore it`, {
    extra: { session, index },
  })

const splitOrUndefined = (file: Uint8Array<ArrayBuffer>) => {
  try {
    return splitChunkFile(file)
  } catch {
    return undefined
  }
}

/** Reading verifies: bytes leave only if they are those that were acknowledged. */
export const reader = ({ sessionKey, folder, aead, findRecord, incident }: ReadParts): Reader => {
  const damaged = async (session: string, index: number, reason: string): Promise<Fault> => {
    await incident(session, index, reason)
    return chunkDamaged(session, index, reason)
  }

  const load = async (session: string, index: number) => {
    const record = await findRecord(session, index)
    if (record === undefined) throw new Fault('missing', 'no-such-chunk', `this session has no chunk ${index}`)
    const bytes = await folder.read(session, index).catch(async () => {
      throw await damaged(session, index, 'its file is gone')
    })
    const parts = splitOrUndefined(bytes)
    if (parts === undefined) throw await damaged(session, index, 'its header was altered')
    if (!equalBytes(leafHash(blake3(parts.sealed)), fromHex(record.leaf)))
      throw await damaged(session, index, 'its bytes were altered')
    if (!equalBytes(bytes.subarray(0, HEADER_SIZE), encodeHeader(expectedHeader(record))))
      throw await damaged(session, index, 'its header was altered')
    return { bytes, ...parts }
  }

  return {
    file: async (session, index) => (await load(session, index)).bytes,
    plain: async (session, index) => {
      const { bytes, header, sealed } = await load(session, index)
      const opener = { aead, sessionKey: await sessionKey(session) }
      const plain = await openChunk(header, sealed, opener).catch(async (error) => {
        const reason = isFault(error, 'aead-failed') ? 'authentication failed' : 'it does not unpack'
        throw await damaged(session, index, reason)
      })
      free(bytes)
      return plain
    },
    holds: async (session, index, bytes) => {
      const { bytes: file, header, sealed } = await load(session, index)
      const key = chunkKey(await sessionKey(session), header.sessionId, index)
      const opened = aead.open({ key, nonce: header.nonce, aad: aad(header), sealed })
      const stored = await opened.catch(async () => {
        throw await damaged(session, index, 'authentication failed')
      })
      key.fill(0)
      const isSame = equalBytes(stored, bytes)
      for (const spent of [stored, file]) free(spent)
      return isSame
    },
  }
}
