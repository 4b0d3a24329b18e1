import { Fault } from '#common/process/fault'
import { bufferFiller } from '#common/stream/buffer-filler'
import { type BufferPool, bufferPool } from '#common/stream/buffer-pool'
import { readBody } from '#common/stream/request-body'

/** Bodies of chunks, in buffers that are used again. */
export type Bodies = {
  /** The whole body. Throws Fault `cut-off` when its sender goes away, `body-too-large` beyond its announced length. */
  readonly take: (request: Request) => Promise<Uint8Array<ArrayBuffer>>
  /** Gives a body's memory back; the bytes are unusable afterwards. */
  readonly spend: (body: Uint8Array<ArrayBuffer>) => void
}

/** The usual chunk; what is larger gets a buffer of its own. */
const USUAL = 8 * 1024 * 1024

/** Bodies of which at most `spare` buffers are kept for the next. */
export const bodies = (spare: number, pool: BufferPool = bufferPool(USUAL, spare)): Bodies => ({
  take: async (request) => {
    const announced = Number(request.headers.get('content-length') ?? 0)
    const filler = announced <= USUAL ? bufferFiller(USUAL, pool) : bufferFiller(announced, bufferPool(announced, 0))
    try {
      for await (const piece of readBody(request)) {
        if (filler.filled() + piece.length > announced)
          throw new Fault('too-large', 'body-too-large', 'the body is longer than its Content-Length')
        filler.put(piece)
      }
    } catch (error) {
      filler.drop()
      throw error
    }
    return filler.take() ?? new Uint8Array()
  },
  spend: (body) => pool.give(body),
})
