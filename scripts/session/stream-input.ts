import { errorCode, errorMessage } from '#common/process/error'
import { window } from '#common/stream/window'
import { CliError } from '../cli/fail.ts'
import { type Input, streamOf } from './input.ts'

const SEGMENT = 1024 * 1024
/** Bytes of a stream that are kept at most until they are acknowledged: more than the pipeline has in work. */
const MOST_HELD = 128 * 1024 * 1024
/** A source that is silent for so long waits for something: what it gave goes on its way, ms. */
const SILENCE = 50
/** How long a stream that is stopped may still bring what its source had on the way, ms. */
const DRAIN = 2_000

/** What became of waiting for the next piece: it came, the stream ended, or its source is silent for a moment. */
type Piece = { readonly done?: boolean; readonly value?: Uint8Array | undefined } | 'silent'

/** The segments of a stream that is read once, from the first that is not acknowledged. */
const openSegments = (stream: ReadableStream<Uint8Array>) => {
  const reader = stream.getReader()
  const segments = window(0, SEGMENT)
  const halted = Promise.withResolvers<Piece>()
  let acknowledged = 0
  let freed = Promise.withResolvers<void>()
  let next: Promise<Piece> | undefined
  let reading: Promise<void> | undefined
  /** Whether there are bytes that fill no segment yet. */
  let loose = false
  let isHalted = false
  let ended = false
  let broken: string | undefined

  const readPiece = async (): Promise<Piece> => {
    while (!isHalted && segments.received() - acknowledged > MOST_HELD)
      await Promise.race([freed.promise, halted.promise])
    next ??= reader.read().catch((error: unknown) => {
      broken = `the input could not be read on after byte ${segments.received()} (${errorCode(error) || errorMessage(error)})`
      return { done: true }
    })
    const silent = loose ? [Bun.sleep(SILENCE).then(() => 'silent' as const)] : []
    return Promise.race([next, halted.promise, ...silent])
  }

  const readOnce = async (): Promise<void> => {
    const piece = await readPiece()
    if (piece !== 'silent') {
      next = undefined
      if (piece.value) for (const _ of segments.push(piece.value)); // they stay in the window, where every reader looks
      loose = true
      ended = piece.done === true
    }
    if (piece === 'silent' || ended) {
      segments.flush()
      loose = false
    }
  }

  return {
    from: (offset: number) => {
      const found = segments.from(offset)
      if (found === undefined)
        throw new CliError(`the stream cannot be given again from byte ${offset}: it is not kept any more`)
      return found
    },
    hasEnded: () => ended,
    /** Reads on for everybody who waits: a body that was given up waits beside the one that follows it. */
    readOne: (): Promise<void> => {
      reading ??= readOnce().finally(() => {
        reading = undefined
      })
      return reading
    },
    acknowledge: (offset: number): void => {
      acknowledged = Math.max(acknowledged, offset)
      segments.acknowledge(offset)
      freed.resolve()
      freed = Promise.withResolvers()
    },
    halt: () => {
      isHalted = true
      halted.resolve({ done: true })
    },
    fault: () => broken,
    // A read that waits would keep the process alive.
    close: () => reader.cancel().catch(() => {}),
  }
}

/**
 * A stream that comes once, such as standard input: what is not acknowledged is kept in memory. That it was all there
 * was is taken from its end, and from `endFault`, which knows more where a source can say so.
 */
export const streamInput = (
  stream: ReadableStream<Uint8Array>,
  {
    endFault = async () => undefined,
    drainMs = DRAIN,
  }: { readonly endFault?: () => Promise<string | undefined>; readonly drainMs?: number } = {},
): Input => {
  const segments = openSegments(stream)
  let stopped: string | undefined
  let draining: ReturnType<typeof setTimeout> | undefined

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
      return streamOf(rest(offset))
    },
    acknowledge: segments.acknowledge,
    stop: (why) => {
      stopped ??= why
      draining ??= setTimeout(segments.halt, drainMs)
    },
    fault: async () => segments.fault() ?? stopped ?? (await endFault()),
    close: async () => {
      clearTimeout(draining)
      await segments.close()
    },
  }
}
