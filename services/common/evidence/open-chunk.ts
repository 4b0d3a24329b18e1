import type { Aead } from '#common/engines/aead'
import { decompress } from '#common/engines/zstd'
import { Fault } from '../process/fault.ts'
import { free } from '../stream/bytes.ts'
import { aad, type ChunkHeader, FLAG_ZSTD } from './chunk-file.ts'
import { chunkKey } from './chunk-key.ts'

/** What opens the chunks of one session. */
export type Opener = { readonly aead: Aead; readonly sessionKey: Uint8Array }

/**
 * The plaintext of a chunk, exactly `header.plainLength` bytes in a buffer of its own. `sealed` = ciphertext ||
 * tag; `key` = the key of this chunk, 32 bytes, which is wiped. Throws Fault `aead-failed` (another key, or
 * altered), `zstd-frame`, `zstd-bomb`, `chunk-length`.
 */
export const openWithKey = async (
  header: ChunkHeader,
  sealed: Uint8Array,
  { aead, key }: { readonly aead: Aead; readonly key: Uint8Array },
): Promise<Uint8Array<ArrayBuffer>> => {
  const stored = await aead.open({ key, nonce: header.nonce, aad: aad(header), sealed })
  key.fill(0)
  if ((header.flags & FLAG_ZSTD) === 0) return stored
  const plain = await decompress(stored, header.plainLength).finally(() => free(stored))
  if (plain.length !== header.plainLength)
    throw new Fault(
      'invalid',
      'chunk-length',
      `the header states ${header.plainLength} plain bytes, the chunk unpacks to ${plain.length}`,
    )
  return plain
}

/** The plaintext of a chunk by the key of its session; as `openWithKey`. */
export const openChunk = (
  header: ChunkHeader,
  sealed: Uint8Array,
  { aead, sessionKey }: Opener,
): Promise<Uint8Array<ArrayBuffer>> =>
  openWithKey(header, sealed, { aead, key: chunkKey(sessionKey, header.sessionId, header.index) })
