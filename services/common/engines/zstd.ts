import { Fault } from '../process/fault.ts'
import { frameContentSize } from './zstd-frame.ts'

/** A view that owns its whole buffer, so that the caller may free it; copies only when a pool lent the memory. */
const owned = (buffer: Uint8Array): Uint8Array<ArrayBuffer> =>
  buffer.byteLength === buffer.buffer.byteLength
    ? new Uint8Array(buffer.buffer as ArrayBuffer)
    : Uint8Array.from(buffer)

/** One zstd frame with its content size declared (RFC 8878). `level` 1 to 22. Runs off the main thread. */
export const compress = async (bytes: Uint8Array, level: number): Promise<Uint8Array<ArrayBuffer>> =>
  owned(await Bun.zstdCompress(bytes as Uint8Array<ArrayBuffer>, { level }))

/**
 * Unpacks exactly one zstd frame of at most `maxSize` bytes of content. The size is read from the frame header
 * and bounds the decoder's buffer. Throws Fault `too-large` code `zstd-bomb` above `maxSize`, before anything
 * is unpacked, and Fault `invalid` code `zstd-frame` for anything that is not one sound frame.
 */
export const decompress = async (bytes: Uint8Array, maxSize: number): Promise<Uint8Array<ArrayBuffer>> => {
  const content = frameContentSize(bytes)
  if (content > maxSize)
    throw new Fault('too-large', 'zstd-bomb', `a zstd frame of ${content} bytes, where at most ${maxSize} are allowed`)
  const plain = await Bun.zstdDecompress(bytes as Uint8Array<ArrayBuffer>).catch((cause: unknown) => {
    throw new Fault('invalid', 'zstd-frame', 'not one zstd frame: its content is damaged', { cause })
  })
  if (plain.length !== content)
    throw new Fault('invalid', 'zstd-frame', `a zstd frame that declares ${content} bytes and holds ${plain.length}`)
  return owned(plain)
}
