import { Fault } from '#common/process/fault'
import type { Cut } from './cut.ts'
import { type Line, type LineParts, line } from './line.ts'
import type { Streamed, StreamQuery } from './model.ts'

export type Lines = {
  /** Feeds one body into a session's line. Throws Fault `offset-differs` (with where to go on), `stream-busy`. */
  readonly feed: (session: string, query: StreamQuery, body: AsyncIterable<Uint8Array>) => Promise<Streamed>
  /** How far a session is, without taking it over. */
  readonly progress: (session: string) => Promise<Streamed>
  /** Sends one whole chunk. Throws Fault `chunk-out-of-order` when it is not the next one. */
  readonly chunk: (session: string, index: number, cut: Cut) => Promise<Streamed>
  readonly open: () => number
}

const offsetFault = (state: Streamed, offset: number) =>
  new Fault(
    'conflict',
    'offset-differs',
    `the stream stands at ${state.received}, not at ${offset}; go on from "acknowledged"`,
    {
      extra: state,
    },
  )

/** All lines of the process. A line lives until its session ends, or fails and is opened anew. */
export const lines = (parts: LineParts): Lines => {
  const open = new Map<string, Line>()
  const busy = new Set<string>()

  const lineAt = async (session: string, offset: number): Promise<Line> => {
    const known = open.get(session)
    if (known && known.failure() === undefined && known.received() === offset) return known
    if (known && known.failure() === undefined && offset !== known.state().acknowledged)
      throw offsetFault(known.state(), offset)
    known?.drop()
    open.delete(session)
    const made = line(session, await parts.encryptor.openWriter(session), parts)
    if (made.state().complete) return made
    if (made.received() !== offset) throw offsetFault(made.state(), offset)
    open.set(session, made)
    return made
  }

  const run = async (session: string, { offset, end }: StreamQuery, body: AsyncIterable<Uint8Array>) => {
    const to = await lineAt(session, offset)
    if (to.state().complete) {
      for await (const piece of body)
        if (piece.length > 0 && offset + piece.length > to.state().acknowledged)
          throw new Fault('conflict', 'after-last', 'the last chunk of this session is there already')
      return to.state()
    }
    for await (const piece of body) await to.push(piece)
    if (end === 'false') return to.state()
    await to.end(end)
    open.delete(session)
    return to.state()
  }

  const alone = async <R>(session: string, work: () => Promise<R>): Promise<R> => {
    if (busy.has(session))
      throw new Fault('conflict', 'stream-busy', 'another stream of this session is being received')
    busy.add(session)
    try {
      return await work()
    } finally {
      busy.delete(session)
    }
  }

  return {
    feed: (session, query, body) => alone(session, () => run(session, query, body)),
    progress: async (session) => {
      const known = open.get(session)
      if (known && known.failure() === undefined) return known.state()
      const { total_plain, chunk_count, last } = await parts.encryptor.progress(session)
      return { session, received: total_plain, acknowledged: total_plain, chunk_count, complete: last }
    },
    chunk: (session, index, cut) =>
      alone(session, async () => {
        open.get(session)?.drop()
        open.delete(session)
        const to = line(session, await parts.encryptor.openWriter(session), parts)
        if (index !== to.state().chunk_count)
          throw new Fault(
            'conflict',
            'chunk-out-of-order',
            `the next chunk of this session is ${to.state().chunk_count}`,
            { extra: to.state() },
          )
        await to.whole(cut)
        return to.state()
      }),
    open: () => open.size,
  }
}
