import { Fault } from '../process/fault.ts'
import { concat, equalBytes, utf8 } from '../stream/bytes.ts'

/**
 * Canonical ustar (POSIX.1-1988): regular files only, mode 0644, owner 0, time 0, no names of people. One
 * entry has one spelling, so a bundle of the same session is the same file everywhere.
 */

export const BLOCK = 512
/** Two zero blocks end the archive; nothing follows. */
export const END_SIZE = 2 * BLOCK
const MAX_SIZE = 0o77777777777

export type TarHeader = { readonly name: string; readonly size: number }

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0')

/** Bytes that an entry's content takes in the archive, padding included. */
export const padded = (size: number): number => Math.ceil(size / BLOCK) * BLOCK

/** The zeros that fill up the last block of a content of `size` bytes. */
export const padding = (size: number): Uint8Array<ArrayBuffer> => new Uint8Array(padded(size) - size)

/** The 512-byte header of an entry. Throws Fault `tar-name`, `tar-size`. */
export const header512 = (name: string, size: number): Uint8Array<ArrayBuffer> => {
  if (!/^[a-zA-Z0-9._/-]{1,99}$/.test(name))
    throw new Fault('invalid', 'tar-name', 'not a name for an entry of a bundle')
  if (!Number.isSafeInteger(size) || size < 0 || size > MAX_SIZE)
    throw new Fault('invalid', 'tar-size', `an entry of ${size} bytes does not fit a ustar header`)
  const block = new Uint8Array(BLOCK)
  const put = (at: number, text: string) => block.set(utf8(text), at)
  put(0, name)
  put(100, '0000644\0')
  put(108, '0000000\0')
  put(116, '0000000\0')
  put(124, `${octal(size, 11)}\0`)
  put(136, '00000000000\0')
  put(148, ' '.repeat(8))
  put(156, '0')
  put(257, 'ustar\x0000')
  put(329, '0000000\x000000000\0')
  const sum = block.reduce((total, byte) => total + byte, 0)
  put(148, `${octal(sum, 6)}\0 `)
  return block
}

const isZero = (block: Uint8Array): boolean => block.every((byte) => byte === 0)

/** True for the block that starts the end of an archive. */
export const isEndBlock = (block: Uint8Array): boolean => block.length === BLOCK && isZero(block)

/** Name and size of a header block that is exactly what `header512` writes; undefined for every other block. */
export const readHeader512 = (block: Uint8Array): TarHeader | undefined => {
  if (block.length !== BLOCK) return undefined
  const text = new TextDecoder('latin1')
  const name = text.decode(block.subarray(0, 100)).split('\0', 1)[0] ?? ''
  const digits = text.decode(block.subarray(124, 135))
  if (!/^[0-7]{11}$/.test(digits) || !/^[a-zA-Z0-9._/-]{1,99}$/.test(name)) return undefined
  const header = { name, size: Number.parseInt(digits, 8) }
  return equalBytes(header512(header.name, header.size), block) ? header : undefined
}

/** Header, content and padding of a small entry in one buffer. */
export const tarEntry = (name: string, content: Uint8Array): Uint8Array<ArrayBuffer> =>
  concat(header512(name, content.length), content, padding(content.length))
