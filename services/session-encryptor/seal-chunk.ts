import type { Aead } from '#common/engines/aead'
import { blake3 } from '#common/engines/blake3'
import type { Random } from '#common/engines/key-wrap'
import { aad, encodeHeader } from '#common/evidence/chunk-file'
import { chunkKey } from '#common/evidence/chunk-key'
import { leafHash } from '#common/evidence/merkle'
import { sessionIdBytes } from '#common/evidence/session-id'
import { free } from '#common/stream/bytes'
import type { ChunkFolder, StagedChunk } from './chunk-folder.ts'
import type { EncryptQuery } from './model.ts'
import { type ChunkDoc, chunkId } from './store.ts'

export type SealParts = {
  readonly sessionKey: (session: string) => Promise<Uint8Array>
  readonly folder: Pick<ChunkFolder, 'stage'>
  readonly aead: Aead
  readonly random: Random
  readonly now: () => number
  readonly spend: (body: Uint8Array<ArrayBuffer>) => void
}

/** A chunk that is encrypted and on disk, but has no name and no record yet. */
export type SealedChunk = { readonly record: ChunkDoc; readonly staged: StagedChunk }

/** On a thread of its own: the main thread has the bodies, BLAKE3 and the store to serve. */
const sha256 = async (bytes: Uint8Array<ArrayBuffer>) =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).toHex()

/** Encrypts the (compressed) bytes of a chunk under a fresh nonce, hashes them and stages their file. */
export const sealChunk = async (
  { session, index, epoch, flags, plain, broken, last_byte_at }: EncryptQuery,
  bytes: Uint8Array<ArrayBuffer>,
  { sessionKey, folder, aead, random, now, spend }: SealParts,
): Promise<SealedChunk> => {
  const sessionId = sessionIdBytes(session)
  const nonce = random(24)
  const header = { sessionId, index, flags, plainLength: plain, compLength: bytes.length, nonce }
  const key = chunkKey(await sessionKey(session), sessionId, index)
  const cipher = await aead.seal({ key, nonce, aad: aad(header), plain: bytes })
  key.fill(0)
  spend(bytes)
  const hashing = sha256(cipher)
  const writing = folder.stage(session, index, epoch, [encodeHeader(header), cipher])
  const leaf = leafHash(blake3(cipher)).toHex()
  const [digest, staged] = await Promise.all([hashing, writing])
  const record: ChunkDoc = {
    id: chunkId(session, index),
    session,
    epoch,
    index,
    flags,
    plain,
    comp: header.compLength,
    cipher: cipher.length,
    leaf,
    sha256: digest,
    nonce: nonce.toHex(),
    at: now(),
    ...(broken === 'true' ? { broken: true } : {}),
    ...(last_byte_at === undefined ? {} : { last_byte_at }),
  }
  free(cipher)
  return { record, staged }
}
