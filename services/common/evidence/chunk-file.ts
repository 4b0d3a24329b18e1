import { NONCE_SIZE, TAG_SIZE } from '#common/engines/xchacha'
import { Fault } from '../process/fault.ts'
import { concat, u32be, utf8 } from '../stream/bytes.ts'

/**
 * The chunk file, version 1 (all integers big endian), and the AAD that binds a ciphertext to its place:
 *
 *   "LCD1" | version 1 | flags 1 | session id 16 | index 4 | plain length 4 | comp length 4 | nonce 24 | ciphertext | tag 16
 *   aad = "LCD1" | session id 16 | index 4 | flags 1 | plain length 4
 */

export const MAGIC = utf8('LCD1')
export const VERSION = 1
export const HEADER_SIZE = 58
export const FLAG_ZSTD = 0x01
export const FLAG_LAST = 0x80
/** The largest chunk that the format allows: CHUNK_SIZE_MB is 8 to 16. Bounds every buffer of a reader. */
export const MAX_PLAIN = 16 * 1024 * 1024

/** `compLength` = bytes of ciphertext without its tag; `nonce` 24 bytes; `sessionId` 16 bytes. */
export type ChunkHeader = {
  readonly sessionId: Uint8Array
  readonly index: number
  readonly flags: number
  readonly plainLength: number
  readonly compLength: number
  readonly nonce: Uint8Array
}

const fault = (code: string, detail: string): Fault => new Fault('invalid', code, detail)

/** Throws a Fault unless the fields fit together: known flags, sizes, and a length that compression made smaller or left alone. */
const checkHeader = (header: ChunkHeader): void => {
  const { sessionId, flags, plainLength, compLength, nonce } = header
  if (sessionId.length !== 16) throw fault('chunk-session', `a session id has 16 bytes, this one ${sessionId.length}`)
  if (nonce.length !== NONCE_SIZE)
    throw fault('chunk-nonce', `a nonce has ${NONCE_SIZE} bytes, this one ${nonce.length}`)
  if ((flags & ~(FLAG_ZSTD | FLAG_LAST)) !== 0) throw fault('chunk-flags', `unknown flags 0x${flags.toString(16)}`)
  if (plainLength < 1 || plainLength > MAX_PLAIN)
    throw fault('chunk-length', `a chunk holds 1 to ${MAX_PLAIN} bytes, this one says ${plainLength}`)
  const compressed = (flags & FLAG_ZSTD) !== 0
  if (compressed ? compLength < 1 || compLength >= plainLength : compLength !== plainLength)
    throw fault('chunk-length', `${compLength} stored bytes do not fit ${plainLength} plain bytes and these flags`)
}

/** The 58 header bytes. Throws Fault `invalid` for fields that no chunk may have. */
export const encodeHeader = (header: ChunkHeader): Uint8Array<ArrayBuffer> => {
  checkHeader(header)
  return concat(
    MAGIC,
    Uint8Array.of(VERSION, header.flags),
    header.sessionId,
    u32be(header.index),
    u32be(header.plainLength),
    u32be(header.compLength),
    header.nonce,
  )
}

/** The fields of the first 58 bytes of a chunk file. Throws Fault `invalid`: `chunk-truncated`, `chunk-magic`, `chunk-version`, `chunk-flags`, `chunk-length`. */
export const decodeHeader = (bytes: Uint8Array): ChunkHeader => {
  if (bytes.length < HEADER_SIZE)
    throw fault('chunk-truncated', `a chunk file starts with ${HEADER_SIZE} header bytes, here are ${bytes.length}`)
  if (MAGIC.some((byte, at) => bytes[at] !== byte))
    throw fault('chunk-magic', 'not a chunk file: it does not start with "LCD1"')
  if (bytes[4] !== VERSION)
    throw fault('chunk-version', `chunk file version ${bytes[4]}: this program reads version ${VERSION}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_SIZE)
  const header = {
    flags: view.getUint8(5),
    sessionId: bytes.slice(6, 22),
    index: view.getUint32(22),
    plainLength: view.getUint32(26),
    compLength: view.getUint32(30),
    nonce: bytes.slice(34, HEADER_SIZE),
  }
  checkHeader(header)
  return header
}

/** The file name of a chunk: its index in six digits (seven for the very last of the largest sessions). */
export const chunkFileName = (index: number): string => `${index.toString().padStart(6, '0')}.lcd`

/** Bytes of a whole chunk file whose ciphertext has `compLength` bytes. */
export const chunkFileSize = (compLength: number): number => HEADER_SIZE + compLength + TAG_SIZE

/** The additional data that the AEAD authenticates with the ciphertext. */
export const aad = ({
  sessionId,
  index,
  flags,
  plainLength,
}: Omit<ChunkHeader, 'compLength' | 'nonce'>): Uint8Array<ArrayBuffer> =>
  concat(MAGIC, sessionId, u32be(index), Uint8Array.of(flags), u32be(plainLength))

/** Splits a whole chunk file into its header and ciphertext || tag (a view). Throws Fault `chunk-truncated` when the size differs. */
export const splitChunkFile = (
  file: Uint8Array<ArrayBuffer>,
): { readonly header: ChunkHeader; readonly sealed: Uint8Array<ArrayBuffer> } => {
  const header = decodeHeader(file)
  const size = chunkFileSize(header.compLength)
  if (file.length !== size)
    throw fault('chunk-truncated', `the header announces a file of ${size} bytes, here are ${file.length}`)
  return { header, sealed: file.subarray(HEADER_SIZE) }
}
