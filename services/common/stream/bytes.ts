import { Fault } from '../process/fault.ts'

/** Bytes as lower-case hex without prefix. */
export const toHex = (bytes: Uint8Array): string => bytes.toHex()

/** Lower-case hex without prefix to bytes; throws Fault `invalid` on anything else. */
export const fromHex = (hex: string, length?: number): Uint8Array<ArrayBuffer> => {
  // Not as pairs: of a megabyte that takes a regular expression 400 ms.
  if (hex.length % 2 !== 0 || !/^[0-9a-f]*$/.test(hex)) throw new Fault('invalid', 'not-hex', 'expected lower-case hex')
  if (length !== undefined && hex.length !== 2 * length)
    throw new Fault('invalid', 'hex-length', `expected ${length} bytes of hex, got ${hex.length / 2}`)
  return Uint8Array.fromHex(hex)
}

/** One new array holding the parts in order. */
export const concat = (...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** A 32-bit unsigned integer, big endian. Throws Fault `invalid` out of range. */
export const u32be = (value: number): Uint8Array<ArrayBuffer> => {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff)
    throw new Fault('invalid', 'u32-range', `not a 32-bit unsigned integer: ${value}`)
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

/** Same length and same bytes. Not constant time: for hashes and public data only. */
export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && Buffer.compare(a, b) === 0

const encoder = new TextEncoder()

/** UTF-8 bytes of a string. */
export const utf8 = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text)

/** Gives a spent buffer's memory back at once, else memory grows with the session. The view is unusable afterwards. */
export const free = (bytes: Uint8Array<ArrayBuffer>): void => {
  if (bytes.buffer.byteLength > 0) bytes.buffer.transfer(0)
}
