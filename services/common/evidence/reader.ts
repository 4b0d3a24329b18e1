import { Fault } from '../process/fault.ts'

/** Random access. `read` gives `length` bytes at `at`, in a fresh buffer. Throws Fault `read-beyond-end`. */
export type Reader = {
  readonly size: number
  readonly read: (at: number, length: number) => Promise<Uint8Array<ArrayBuffer>>
}

/** Throws Fault `read-beyond-end` unless the range lies inside. */
export const checkRange = (size: number, at: number, length: number): void => {
  if (at < 0 || length < 0 || at + length > size)
    throw new Fault('invalid', 'read-beyond-end', `bytes ${at} to ${at + length} of a bundle of ${size} bytes`)
}

/** A reader over bytes in memory. */
export const bytesReader = (bytes: Uint8Array): Reader => ({
  size: bytes.length,
  read: async (at, length) => {
    checkRange(bytes.length, at, length)
    return Uint8Array.from(bytes.subarray(at, at + length))
  },
})
