import { createCipheriv } from 'node:crypto'
import { Fault } from '#common/process/fault'

/** What a recording is made of: everything in it follows from these two numbers (u32 each). */
export type Source = { readonly seed: number; readonly size: number }

const BLOCK = 16
/** The first bytes name the source, so that a recording can be checked without knowing who sent it. */
export const NAME_SIZE = 16
const MAGIC = 0x4c554344 // "LUCD"

const nameOf = ({ seed, size }: Source): Uint8Array => {
  const bytes = new Uint8Array(NAME_SIZE)
  const view = new DataView(bytes.buffer)
  for (const [i, word] of [MAGIC, seed, size, MAGIC].entries()) view.setUint32(4 * i, word)
  return bytes
}

/** The source that a recording begins to be. Throws Fault `invalid` when it names none. */
export const sourceOf = (recording: Uint8Array): Source => {
  const view = new DataView(recording.buffer, recording.byteOffset, recording.byteLength)
  if (recording.length < NAME_SIZE || view.getUint32(0) !== MAGIC || view.getUint32(12) !== MAGIC)
    throw new Fault('invalid', 'no-source', 'these bytes begin with the name of no source')
  return { seed: view.getUint32(4), size: view.getUint32(8) }
}

/**
 * Bytes `from` to `to` of a source, in a fresh buffer: incompressible, and reachable at any offset (AES-128
 * in counter mode over zeros, NIST SP 800-38A 6.5, with the seed as key).
 */
export const bytesOf = (source: Source, from: number, to: number): Uint8Array<ArrayBuffer> => {
  const first = Math.floor(from / BLOCK)
  const key = Buffer.alloc(16)
  key.writeUInt32BE(source.seed)
  const counter = Buffer.alloc(16)
  counter.writeUInt32BE(first, 12)
  const skipped = from - first * BLOCK
  const zeros = Buffer.alloc(skipped + to - from)
  const bytes = new Uint8Array(createCipheriv('aes-128-ctr', key, counter).update(zeros)).slice(skipped)
  if (from < NAME_SIZE) bytes.set(nameOf(source).subarray(from, Math.min(to, NAME_SIZE)))
  return bytes
}

const PIECE = 128 * 1024

/** A source from its beginning, a piece at a time. */
export function* piecesOf(source: Source): Generator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < source.size; at += PIECE) yield bytesOf(source, at, Math.min(source.size, at + PIECE))
}

/** The same bytes at about `rate` a second. */
export async function* paced(
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  { rate, pause }: { readonly rate: number; readonly pause: (ms: number) => Promise<void> },
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces)
    for (let at = 0; at < piece.length; at += PIECE) {
      const part = piece.subarray(at, at + PIECE)
      yield part
      await pause((part.length / rate) * 1000)
    }
}
