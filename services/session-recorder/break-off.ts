import { isFault } from '#common/process/fault'
import type { SendSegment, StreamPosition } from './delivery.ts'
import type { Feed } from './feed.ts'

/** How a stream that broke off is ended at the chunker: what is there becomes the final chunk, without the last flag. */
export type BreakOffParts = {
  readonly progress: (session: string) => Promise<StreamPosition>
  readonly send: (session: string) => SendSegment
}

/** How often the rest of a recording is sent anew because the pipeline had come further than was known. */
const REST_TRIES = 5

/** The session takes nothing more, whoever ended it or however full it is: what is durable is all there is. */
const isOver = (error: unknown): boolean =>
  ['sealed', 'after-last', 'session-too-large'].some((code) => isFault(error, code))

/** Sends what was received and is not durable yet. The pipeline may be further than it last said. */
const sendRest = async (id: string, feed: Feed, parts: BreakOffParts): Promise<StreamPosition> => {
  await feed.settled()
  const send = parts.send(id)
  let from = feed.progress().acknowledged
  for (let tries = 1; ; tries++)
    try {
      const segments = feed.rest(from)
      const last = segments.at(-1)
      if (last === undefined) return await parts.progress(id)
      for (const { offset, bytes, lastByteAt } of segments.slice(0, -1)) await send(offset, 'false', bytes, lastByteAt)
      return await send(last.offset, 'broken', last.bytes, last.lastByteAt)
    } catch (error) {
      if (isOver(error)) return parts.progress(id)
      const stands = isFault(error, 'offset-differs') ? error.extra['acknowledged'] : undefined
      if (typeof stands !== 'number' || tries === REST_TRIES) throw error
      from = stands
    }
}

/** Ends at the chunker what a recorder that is no more began: what the chunker holds of the stream is not lost. */
const closeOff = async (id: string, parts: BreakOffParts): Promise<StreamPosition> => {
  const { received } = await parts.progress(id)
  return parts
    .send(id)(received, 'broken')
    .catch((error) => {
      if (isOver(error)) return parts.progress(id)
      throw error
    })
}

/** Ends a stream whose source is away. Answers what is durable of it. */
export const breakOffStream = (id: string, feed: Feed | undefined, parts: BreakOffParts): Promise<StreamPosition> =>
  feed === undefined ? closeOff(id, parts) : sendRest(id, feed, parts)
