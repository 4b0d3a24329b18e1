import { Fault } from '../process/fault.ts'
import { concat, equalBytes } from '../stream/bytes.ts'
import { BLOCK, encodeHeader, MAX_SIZE, padding } from '../stream/tar.ts'

/** Canonical ustar (POSIX.1-1988): files only, 0644, owner 0, time 0. The same session is the same file everywhere. */

export type BundleHeader = { readonly name: string; readonly size: number }

const NAME = /^[a-zA-Z0-9._/-]{1,99}$/

/** The 512-byte header of an entry. Throws Fault `tar-name`, `tar-size`. */
export const encodeBundleHeader = (name: string, size: number): Uint8Array<ArrayBuffer> => {
  if (!NAME.test(name)) throw new Fault('invalid', 'tar-name', 'not a name for an entry of a bundle')
  if (!Number.isSafeInteger(size) || size < 0 || size > MAX_SIZE)
    throw new Fault('invalid', 'tar-size', `an entry of ${size} bytes does not fit a ustar header`)
  return encodeHeader({ name, size })
}

/** True for the block that starts the end of an archive. */
export const isEndBlock = (block: Uint8Array): boolean => block.length === BLOCK && block.every((byte) => byte === 0)

/** Name and size of a header block that is exactly what `encodeBundleHeader` writes; undefined for every other block. */
export const decodeBundleHeader = (block: Uint8Array): BundleHeader | undefined => {
  if (block.length !== BLOCK) return undefined
  const text = new TextDecoder('latin1')
  const name = text.decode(block.subarray(0, 100)).split('\0', 1)[0] ?? ''
  const digits = text.decode(block.subarray(124, 135))
  if (!/^[0-7]{11}$/.test(digits) || !NAME.test(name)) return undefined
  const header = { name, size: Number.parseInt(digits, 8) }
  return equalBytes(encodeBundleHeader(header.name, header.size), block) ? header : undefined
}

/** Header, content and padding of a small entry in one buffer. */
export const encodeBundleEntry = (name: string, content: Uint8Array): Uint8Array<ArrayBuffer> =>
  concat(encodeBundleHeader(name, content.length), content, padding(content.length))
