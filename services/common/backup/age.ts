import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { Decrypter, Encrypter } from 'age-encryption'
import { Fault } from '../process/fault.ts'
import { utf8 } from '../stream/bytes.ts'
import { emptyBuffer } from './own-bytes.ts'

/**
 * age files (https://age-encryption.org/v1). The header, and with it all public-key work, is made and read by typage,
 * the format's own library. The payload is the format's STREAM: ChaCha20-Poly1305 over pieces of 64 KiB under a nonce
 * that counts; it is done with WebCrypto, which is native code off this thread where typage has JavaScript.
 */

export type Random = (length: number) => Uint8Array

const KEY_NONCE = 16
const TAG = 16
const STREAM_PIECE = 64 * 1024

/** Length of the payload of so many bytes, without its 16-byte nonce: a tag a piece, and one piece at least. */
export const payloadSize = (plain: number): number => plain + TAG * Math.max(1, Math.ceil(plain / STREAM_PIECE))

const streamNonce = (counter: number, last: boolean): Uint8Array<ArrayBuffer> => {
  const nonce = new Uint8Array(12)
  new DataView(nonce.buffer).setUint32(7, counter)
  nonce[11] = last ? 1 : 0
  return nonce
}

const streamKey = (fileKey: Uint8Array, nonce: Uint8Array, use: 'encrypt' | 'decrypt') =>
  crypto.subtle.importKey(
    // Bun's own name for it; 'raw' throws, and the types know neither.
    'raw-secret' as 'raw',
    new Uint8Array(hkdf(sha256, fileKey, nonce, utf8('payload'), 32)),
    'ChaCha20-Poly1305',
    false,
    [use],
  )

const cipher = (iv: Uint8Array<ArrayBuffer>) => ({ name: 'ChaCha20-Poly1305', iv })

/** Bounds of the pieces of a payload whose pieces have this size. */
const piecesOf = (length: number, size: number): readonly (readonly [from: number, to: number])[] =>
  Array.from({ length: Math.max(1, Math.ceil(length / size)) }, (_, i) => [i * size, Math.min(length, (i + 1) * size)])

const headerFor = async (recipients: readonly string[]) => {
  const encrypter = new Encrypter()
  for (const recipient of recipients) encrypter.addRecipient(recipient)
  let fileKey = new Uint8Array()
  // A recipient without a stanza: it is only told the key.
  encrypter.addRecipient({
    wrapFileKey: async (key) => {
      fileKey = new Uint8Array(key)
      return []
    },
  })
  const empty = await encrypter.encrypt(new Uint8Array())
  return { fileKey, header: empty.subarray(0, empty.length - KEY_NONCE - TAG) }
}

/** An age file for these recipients, as parts to write one after the other. Throws Fault `invalid` on a bad recipient. */
export const seal = async (
  plain: Uint8Array<ArrayBuffer>,
  recipients: readonly string[],
  random: Random,
): Promise<readonly Uint8Array[]> => {
  const { fileKey, header } = await headerFor(recipients)
  const nonce = random(KEY_NONCE)
  const key = await streamKey(fileKey, nonce, 'encrypt')
  const pieces = piecesOf(plain.length, STREAM_PIECE)
  const sealed = await Promise.all(
    pieces.map(([from, to], i) =>
      crypto.subtle.encrypt(cipher(streamNonce(i, i === pieces.length - 1)), key, plain.subarray(from, to)),
    ),
  )
  return [header, nonce, ...sealed.map((piece) => new Uint8Array(piece))]
}

/** Where the header ends: after the line that begins with `--- `. */
const headerEnd = (file: Uint8Array): number => {
  const at = Buffer.from(file.buffer, file.byteOffset, Math.min(file.length, 64 * 1024)).indexOf('\n--- ')
  const end = at < 0 ? -1 : file.indexOf(0x0a, at + 1)
  if (end < 0) throw new Fault('invalid', 'not-age', 'it is not an age file')
  return end + 1
}

/**
 * The bytes in an age file. Throws Fault `forbidden` code `wrong-identity` when none of the identities is a recipient,
 * `invalid` when the file is damaged or cut off: then no byte of it is given out.
 */
export const unseal = async (
  file: Uint8Array<ArrayBuffer>,
  identities: readonly string[],
): Promise<Uint8Array<ArrayBuffer>> => {
  const end = headerEnd(file)
  const decrypter = new Decrypter()
  for (const identity of identities) decrypter.addIdentity(identity)
  const fileKey = await decrypter.decryptHeader(file.slice(0, end)).catch((error: unknown) => {
    if (error instanceof Error && error.message.startsWith('no identity matched'))
      throw new Fault('forbidden', 'wrong-identity', 'it is encrypted to others than this identity')
    throw new Fault('invalid', 'damaged', 'its header is damaged', { cause: error })
  })
  const payload = file.subarray(end + KEY_NONCE)
  if (payload.length < TAG) throw new Fault('invalid', 'damaged', 'it is cut off')
  const key = await streamKey(fileKey, file.subarray(end, end + KEY_NONCE), 'decrypt')
  const pieces = piecesOf(payload.length, STREAM_PIECE + TAG)
  try {
    const plain = emptyBuffer(payload.length - TAG * pieces.length)
    await Promise.all(
      pieces.map(async ([from, to], i) => {
        const nonce = streamNonce(i, i === pieces.length - 1)
        const piece = await crypto.subtle.decrypt(cipher(nonce), key, payload.subarray(from, to))
        plain.set(new Uint8Array(piece), i * STREAM_PIECE)
      }),
    )
    return plain
  } catch (error) {
    throw new Fault('invalid', 'damaged', 'its bytes are not those that were written', { cause: error })
  }
}

/** True for an age X25519 recipient that typage takes. */
export const isRecipient = (text: string): boolean => {
  if (!/^age1[02-9ac-hj-np-z]{58}$/.test(text)) return false
  try {
    new Encrypter().addRecipient(text)
    return true
  } catch {
    return false
  }
}

const IDENTITY = /^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}$/

/** The identities in a file as age-keygen writes it: a line each, and comments. Throws Fault `invalid` when there is none. */
export const identitiesIn = (text: string): readonly string[] => {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  if (lines.length === 0 || !lines.every((line) => IDENTITY.test(line)))
    throw new Fault('invalid', 'not-identity', 'it holds no age identity (AGE-SECRET-KEY-1...)')
  return lines
}
