import type { Fault } from '#common/process/fault'
import { exclusive } from '#common/stream/exclusive'

export type Source = {
  /** The pieces of its body, in a way that can be cut while the next piece does not come. */
  readonly pieces: (body: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array>
  /** It has said that its body is the end: what is left to do is not cut any more. */
  readonly end: () => void
}

/** The source that sends into each recording: at most one, since two would interleave their bytes. */
export type Sources = {
  /** Runs work that reads a source, or any other that needs the recording for itself. Throws `refusal` where it is taken. */
  readonly run: <R>(id: string, work: (source: Source) => Promise<R>) => Promise<R>
  /** Ends the reading of a recording's source with this Fault and waits until its work has ended. None is no error. Throws `refusal` for one that is at its end. */
  readonly cut: (id: string, fault: Fault) => Promise<void>
  /** Whether its source is awaited for longer than `ms`. */
  readonly isStalled: (id: string, ms: number) => boolean
  /** The recordings whose source sends now. */
  readonly keys: () => readonly string[]
}

type Reading = {
  awaitedSince: number | undefined
  fault: Fault | undefined
  isEnding: boolean
  refuse: (fault: Fault) => void
  readonly over: Promise<unknown>
}

/** The next piece, unless the reading is cut before it comes: a stalled sender would keep us for ever. */
const readNext = (iterator: AsyncIterator<Uint8Array>, reading: Reading) =>
  new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
    reading.refuse = reject
    if (reading.fault !== undefined) reject(reading.fault)
    else iterator.next().then(resolve, reject)
  })

/** Sources, with exclusion by recording. `refusal` is thrown to whoever comes second. */
export const sources = (steady: () => number, refusal: () => Fault): Sources => {
  const { run, keys } = exclusive(refusal)
  const readings = new Map<string, Reading>()

  async function* piecesOf(body: AsyncIterable<Uint8Array>, reading: Reading) {
    const iterator = body[Symbol.asyncIterator]()
    try {
      for (;;) {
        reading.awaitedSince = steady()
        const { done, value } = await readNext(iterator, reading)
        reading.awaitedSince = undefined
        if (done) return
        yield value
      }
    } finally {
      // Not awaited: it ends only when the sender gives a piece or goes away.
      void iterator.return?.()?.catch(() => {})
    }
  }

  return {
    keys,
    isStalled: (id, ms) => {
      const since = readings.get(id)?.awaitedSince
      return since !== undefined && steady() - since > ms
    },
    cut: async (id, fault) => {
      const reading = readings.get(id)
      if (reading === undefined) return
      if (reading.isEnding) throw refusal()
      reading.fault ??= fault
      reading.refuse(fault)
      await reading.over
    },
    run: (id, work) => {
      const over = Promise.withResolvers<void>()
      const reading: Reading = {
        awaitedSince: undefined,
        fault: undefined,
        isEnding: false,
        refuse: () => {},
        over: over.promise,
      }
      const source: Source = {
        pieces: (body) => piecesOf(body, reading),
        end: () => {
          reading.isEnding = true
        },
      }
      return run(id, async () => {
        readings.set(id, reading)
        try {
          return await work(source)
        } finally {
          readings.delete(id)
        }
      }).finally(over.resolve) // once the recording is free again, for whoever waits to come next
    },
  }
}
