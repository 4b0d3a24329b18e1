/**
 * Where a recording comes from. What is not acknowledged yet can always be given again, and at its end it says whether
 * that was all there was.
 */
export type Input = {
  /** Bytes in all, where they are known beforehand. */ readonly size: number | undefined
  /** The rest of the stream from `offset` on, as the body of a request. Throws CliError when it is gone. */
  readonly from: (offset: number) => ReadableStream<Uint8Array>
  /** Everything before `offset` is durable and need not be kept. */
  readonly acknowledge: (offset: number) => void
  /** Reads no further: what was read is given, then the stream ends. `why` is stated. */
  readonly stop: (why: string) => void
  /** After its end: why this is not all that was to be recorded; undefined when it is. */
  readonly fault: () => Promise<string | undefined>
  readonly close: () => Promise<void>
}

/** Pieces of bytes as the body of a request; what throws breaks the request. */
export const streamOf = (pieces: AsyncIterator<Uint8Array>): ReadableStream<Uint8Array> =>
  new ReadableStream<Uint8Array>({
    pull: async (to) => {
      const { done, value } = await pieces.next()
      if (done) to.close()
      else to.enqueue(value)
    },
  })
