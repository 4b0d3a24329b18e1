/** The bytes of a buffer that the runtime made for us alone: its memory is never shared with another thread. */
export const ownBytes = (buffer: Uint8Array): Uint8Array<ArrayBuffer> =>
  new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.length)

/** A buffer whose bytes are all written before one is read. */
export const emptyBuffer = (length: number): Uint8Array<ArrayBuffer> => ownBytes(Buffer.allocUnsafeSlow(length))
