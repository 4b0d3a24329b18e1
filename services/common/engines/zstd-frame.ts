import { Fault } from '../process/fault.ts'

/** Zstandard frames (RFC 8878), read just far enough that a decompression bomb is refused before it is unpacked. */

const MAGIC = 0xfd2fb528
const RLE = 1
const RESERVED = 3

const broken = (what: string): Fault => new Fault('invalid', 'zstd-frame', `not one zstd frame: ${what}`)

const readLittle = (bytes: Uint8Array, at: number, size: number): number => {
  let value = 0
  for (let i = size - 1; i >= 0; i -= 1) value = value * 256 + (bytes[at + i] ?? 0)
  return value
}

/** The content size that the frame header declares, and where its blocks begin. Throws Fault `zstd-frame`. */
const readHeader = (
  bytes: Uint8Array,
): { readonly content: number; readonly blocks: number; readonly checksum: boolean } => {
  if (bytes.length < 6 || readLittle(bytes, 0, 4) !== MAGIC) throw broken('it does not start with the magic number')
  const descriptor = bytes[4] ?? 0
  if ((descriptor & 0b1000) !== 0) throw broken('a reserved bit is set')
  const single = (descriptor & 0b10_0000) !== 0
  const dictionary = [0, 1, 2, 4][descriptor & 0b11] ?? 0
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0
  if (sizeBytes === 0) throw broken('it does not declare its content size')
  if (dictionary !== 0) throw broken('it asks for a dictionary')
  const at = 5 + (single ? 0 : 1)
  if (bytes.length < at + sizeBytes) throw broken('it ends inside the header')
  const content = readLittle(bytes, at, sizeBytes) + (sizeBytes === 2 ? 256 : 0)
  return { content, blocks: at + sizeBytes, checksum: (descriptor & 0b100) !== 0 }
}

/** The declared size of the one frame that fills `bytes`. Throws Fault `zstd-frame` for anything else. */
export const frameContentSize = (bytes: Uint8Array): number => {
  const { content, blocks, checksum } = readHeader(bytes)
  let at = blocks
  for (let last = false; !last; ) {
    if (at + 3 > bytes.length) throw broken('it ends inside a block header')
    const header = readLittle(bytes, at, 3)
    const type = (header >> 1) & 0b11
    if (type === RESERVED) throw broken('a block has the reserved type')
    at += 3 + (type === RLE ? 1 : header >> 3)
    last = (header & 1) === 1
  }
  if (checksum) at += 4
  if (at !== bytes.length) throw broken(at > bytes.length ? 'it is cut short' : 'bytes follow the frame')
  return content
}
