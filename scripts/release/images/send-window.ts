import { CliError } from '../../cli/fail.ts'
import { type Passage, PIECE } from './receiver.ts'

/** Bytes that may be unanswered. A cut loses less: one MiB is the promise, the rest is for ssh and its handshake. */
export const WINDOW = 3 * PIECE

/** A connection on which no answer comes for so long is given up, ms. */
const STALLED_MS = 120_000

export type Flow = {
  /** The bytes of all blobs; waits for answers. Ends early, without an error, when it cannot go on: see `fault`. */
  readonly bytes: AsyncIterable<Uint8Array>
  readonly got: (bytes: number) => void
  readonly stop: () => void
  readonly arrived: () => number
  readonly fault: () => CliError | undefined
}

/** Where the bytes of a blob are on this machine. */
export type PathOf = (hex: string) => string

const read = (part: Blob): Promise<Uint8Array | undefined> => part.bytes().catch(() => undefined)

/** Bytes of blobs, never more than WINDOW ahead of what the host has. */
export const openFlow = (
  passages: readonly Passage[],
  pathOf: PathOf,
  { onArrived = () => {} }: { readonly onArrived?: (bytes: number) => void } = {},
): Flow => {
  let sent = 0
  let arrived = 0
  let stopped = false
  let fault: CliError | undefined
  let wake = Promise.withResolvers<void>()

  const mayGo = async (bytes: number): Promise<boolean> => {
    while (!stopped && sent + bytes > arrived + WINDOW) {
      const timer = setTimeout(() => {
        stopped = true
        wake.resolve()
      }, STALLED_MS)
      await wake.promise
      clearTimeout(timer)
    }
    return !stopped
  }

  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    for (const { hex, size, at } of passages) {
      const file = Bun.file(pathOf(hex))
      if (file.size !== size) {
        fault = new CliError(`${pathOf(hex)} has ${file.size} bytes and not ${size}: build the image again`)
        return
      }
      for (let from = at; from < size; from += PIECE) {
        const to = Math.min(size, from + PIECE)
        if (!(await mayGo(to - from))) return
        const piece = await read(file.slice(from, to))
        if (piece?.length !== to - from) {
          fault = new CliError(`${pathOf(hex)} cannot be read whole: build the image again`)
          return
        }
        sent += piece.length
        yield piece
      }
    }
  }

  return {
    bytes: pieces(),
    got: (bytes) => {
      arrived = Math.min(sent, arrived + bytes)
      onArrived(arrived)
      wake.resolve()
      wake = Promise.withResolvers()
    },
    stop: () => {
      stopped = true
      wake.resolve()
    },
    arrived: () => arrived,
    fault: () => fault,
  }
}
