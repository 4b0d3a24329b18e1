import { isFault } from '#common/process/fault'
import type { StreamPosition } from './delivery.ts'
import type { Feed } from './feed.ts'

/** How a stream that broke off is ended at the chunker. */
export type BreakOffParts = {
  /** How far the pipeline is with a session. */
  readonly progress: (session: string) => Promise<StreamPosition>
  /** What is there becomes the final chunk, without the last flag. */
  readonly breakOff: (
    session: string,
    offset: number,
    bytes: Uint8Array<ArrayBuffer> | undefined,
  ) => Promise<StreamPosition>
}

/** How often the tail of a recording is cut anew because the pipeline had come further than was known. */
const TAIL_TRIES = 5

/** The session takes nothing more, whoever ended it: what is durable is all there is. */
const isOver = (error: unknown): boolean => isFault(error, 'sealed') || isFault(error, 'after-last')

/** Sends what was received and is not durable yet. The pipeline may be further than it last said. */
const sendTail = async (id: string, feed: Feed, parts: BreakOffParts): Promise<StreamPosition> => {
  let from = feed.progress().acknowledged
  for (let tries = 1; ; tries++) {
    const tail = feed.tail(from)
    if (tail === undefined) return parts.progress(id)
    try {
      return await parts.breakOff(id, tail.offset, tail.bytes)
    } catch (error) {
      if (isOver(error)) return parts.progress(id)
      const stands = isFault(error, 'offset-differs') ? error.extra['acknowledged'] : undefined
      if (typeof stands !== 'number' || tries === TAIL_TRIES) throw error
      from = stands
    }
  }
}

/** Ends at the chunker what a recorder that is no more began: what the chunker holds of the stream is not lost. */
const closeOff = async (id: string, parts: BreakOffParts): Promise<StreamPosition> => {
  const { received } = await parts.progress(id)
  return parts.breakOff(id, received, undefined).catch((error) => {
    if (isOver(error)) return parts.progress(id)
    throw error
  })
}

/** Ends a stream whose source is away. Answers what is durable of it. */
export const breakOffStream = (
  id: string,
  feed: Feed | undefined,
  parts: BreakOffParts,
): Promise<StreamPosition> => (feed === undefined ? closeOff(id, parts) : sendTail(id, feed, parts))
