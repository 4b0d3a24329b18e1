import { access, constants, stat } from 'node:fs/promises'
import { window } from '#common/stream/window'
import { CliError } from '../cli/fail.ts'

/** Where a recording comes from. What is not acknowledged yet can always be given again. */
export type Input = {
  /** Bytes in all, where they are known beforehand. */
  readonly size: number | undefined
  /** The rest of the stream from `offset` on, as the body of a request. Throws CliError when it is gone. */
  readonly from: (offset: number) => Blob | ReadableStream<Uint8Array>
  /** Everything before `offset` is durable and need not be kept. */
  readonly acknowledge: (offset: number) => void
}

/** A file: read again from any place. Throws CliError when it cannot be read or is empty. */
export const fileInput = async (path: string): Promise<Input> => {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined)
    throw new CliError(`there is no file ${path}: give one with --input FILE, or - for standard input`)
  if (!found.isFile())
    throw new CliError(`${path} is not a file: give one with --input FILE, or - for standard input`)
  if (found.size === 0) throw new CliError(`${path} is empty: there is nothing to record`)
  await access(path, constants.R_OK).catch(() => {
    throw new CliError(`${path} cannot be read: check its permissions`)
  })
  const file = Bun.file(path)
  return { size: found.size, from: (offset) => file.slice(offset), acknowledge: () => {} }
}

const SEGMENT = 1024 * 1024
/** Bytes of a stream that are kept at most until they are acknowledged: more than the pipeline has in work. */
const MOST_HELD = 128 * 1024 * 1024

/** The segments of a stream that is read once, from the first that is not acknowledged. */
const openSegments = (stream: AsyncIterable<Uint8Array>) => {
  const pieces = stream[Symbol.asyncIterator]()
  const segments = window(0, SEGMENT)
  let acknowledged = 0
  let freed = Promise.withResolvers<void>()
  let ended = false
  let broken: CliError | undefined

  const from = (offset: number) => {
    // A stream that threw says "done" when it is asked again: that is not its end.
    if (broken) throw broken
    const found = segments.from(offset)
    if (found === undefined)
      throw new CliError(`the stream cannot be given again from byte ${offset}: it is not kept any more`)
    return found
  }

  return {
    from,
    hasEnded: () => ended,
    readOne: async (): Promise<void> => {
      while (segments.received() - acknowledged > MOST_HELD) await freed.promise
      const { done, value } = await pieces.next().catch((cause) => {
        broken = new CliError(
          `the input broke off at byte ${segments.received()}: what was received is kept`,
          { cause },
        )
        throw broken
      })
      if (!done) for (const _ of segments.push(value)); // the segments stay in the window, where every reader looks
      if (done) segments.flush()
      ended = done === true
    },
    acknowledge: (offset: number): void => {
      acknowledged = Math.max(acknowledged, offset)
      segments.acknowledge(offset)
      freed.resolve()
      freed = Promise.withResolvers()
    },
  }
}

/** A stream that comes once, such as standard input: what is not acknowledged is kept in memory. */
export const streamInput = (stream: AsyncIterable<Uint8Array>): Input => {
  const segments = openSegments(stream)

  /** Gives out of the window by place alone: a body that was given up while it read takes no byte with it. */
  async function* rest(offset: number): AsyncGenerator<Uint8Array> {
    for (let at = offset; ; ) {
      const [segment] = segments.from(at)
      if (segment) {
        at += segment.bytes.length
        yield segment.bytes.slice()
      } else if (segments.hasEnded()) return
      else await segments.readOne()
    }
  }

  return {
    size: undefined,
    from: (offset) => {
      segments.from(offset)
      const bytes = rest(offset)
      return new ReadableStream<Uint8Array>({
        pull: async (to) => {
          const { done, value } = await bytes.next()
          if (done) to.close()
          else to.enqueue(value)
        },
      })
    },
    acknowledge: segments.acknowledge,
  }
}
