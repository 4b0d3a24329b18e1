import { Fault } from '#common/process/fault'
import { exclusive } from '#common/stream/exclusive'
import type { Cut } from './cut.ts'
import type { Streamed, StreamQuery } from './model.ts'
import { type Pipeline, type PipelineParts, pipeline } from './pipeline.ts'
import { checkWholeChunk, describePosition, startPosition } from './position.ts'

export type Pipelines = {
  /** Feeds one body into a session's pipeline. Throws Fault `offset-differs` (with where to go on), `stream-busy`. */
  readonly feed: (session: string, query: StreamQuery, body: AsyncIterable<Uint8Array>) => Promise<Streamed>
  readonly progress: (session: string) => Promise<Streamed>
  /** Sends one whole chunk. Throws Fault `chunk-out-of-order` when it is not the next one. */
  readonly chunk: (session: string, index: number, cut: Cut) => Promise<Streamed>
  readonly count: () => number
}

const offsetFault = (state: Streamed, offset: number) =>
  new Fault(
    'conflict',
    'offset-differs',
    `the stream stands at ${state.received}, not at ${offset}; go on from "acknowledged"`,
    { extra: state },
  )

const orderFault = (state: Streamed) =>
  new Fault('conflict', 'chunk-out-of-order', `the next chunk of this session is ${state.chunk_count}`, {
    extra: state,
  })

const busyFault = () => new Fault('conflict', 'stream-busy', 'another stream of this session is being received')

/** A body of a recording that is complete: nothing may follow its last chunk, but what it has may come again. */
const checkRepeated = async (
  { acknowledged }: Streamed,
  offset: number,
  body: AsyncIterable<Uint8Array>,
): Promise<void> => {
  let end = offset
  for await (const piece of body) {
    end += piece.length
    if (end > acknowledged) throw new Fault('conflict', 'after-last', 'the last chunk of this session is there already')
  }
}

/** All pipelines of the process. One lives until its session ends, or fails and is opened anew. */
export const pipelines = (parts: PipelineParts): Pipelines => {
  const open = new Map<string, Pipeline>()
  const { run: exclusively } = exclusive(busyFault)

  const usable = (session: string): Pipeline | undefined => {
    const one = open.get(session)
    return one?.failure() === undefined ? one : undefined
  }

  const takeOver = async (session: string): Promise<Pipeline> => {
    open.get(session)?.drop()
    open.delete(session)
    return pipeline(session, await parts.encryptor.openWriter(session), parts)
  }

  const progress = async (session: string): Promise<Streamed> => {
    const current = usable(session)
    if (current) return current.state()
    return describePosition(session, startPosition(await parts.encryptor.progress(session)))
  }

  const pipelineAt = async (session: string, offset: number): Promise<Pipeline> => {
    const current = usable(session)
    if (current?.state().received === offset) return current
    // Before the takeover, which costs what was received: a body that is refused changes nothing.
    const stands = await progress(session)
    if (stands.acknowledged !== offset && !stands.complete) throw offsetFault(stands, offset)
    const fresh = await takeOver(session)
    const { complete, received } = fresh.state()
    if (complete) return fresh
    if (received !== offset) throw offsetFault(fresh.state(), offset)
    open.set(session, fresh)
    return fresh
  }

  return {
    feed: (session, { offset, end, last_byte_at }, body) =>
      exclusively(session, async () => {
        const to = await pipelineAt(session, offset)
        if (to.state().complete) {
          await checkRepeated(to.state(), offset, body)
          return to.state()
        }
        for await (const piece of body) await to.push(piece, last_byte_at ?? parts.now())
        if (end === 'false') return to.state()
        await to.end(end)
        open.delete(session)
        return to.state()
      }),
    progress,
    chunk: (session, index, cut) =>
      exclusively(session, async () => {
        // Before the takeover, as above.
        const stands = await parts.encryptor.progress(session)
        const state = describePosition(session, startPosition(stands))
        if (index !== state.chunk_count) throw orderFault(state)
        checkWholeChunk(cut, stands.chunk_size)
        const to = await takeOver(session)
        if (index !== to.state().chunk_count) throw orderFault(to.state())
        await to.pushWhole(cut, parts.now())
        return to.state()
      }),
    count: () => open.size,
  }
}
