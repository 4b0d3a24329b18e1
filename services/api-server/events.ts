import { isSessionId } from '#common/evidence/session-id'
import { Fault, isFault } from '#common/process/fault'

/** An event as a stream of events has it (WHATWG HTML, server-sent events); without `id` it cannot be resumed behind. */
export type LiveEvent = { readonly id?: string; readonly event: string; readonly data: object }

/** A link of a session's audit chain. Times epoch ms; `body` says what its type leaves open, `fault` why it is not to be believed. */
export type Link = {
  readonly seq: number
  readonly at: number
  readonly type: string
  readonly body?: unknown
  readonly fault?: string
}

/** An event as text; undefined is a comment that only says that the stream lives. */
export const encodeEvent = (event: LiveEvent | undefined): string =>
  event === undefined
    ? ': alive\n\n'
    : `${event.id === undefined ? '' : `id: ${event.id}\n`}event: ${event.event}\ndata: ${JSON.stringify(event.data)}\n\n`

const badId = () =>
  new Fault('invalid', 'bad-event-id', 'not a Last-Event-ID of this stream: leave it out to begin with what comes now')

/** The number behind which the stream of one session goes on; -1 is its beginning. Throws Fault `bad-event-id`. */
export const parseSessionPosition = (header: string | null): number => {
  if (header === null || header === '') return -1
  if (!/^(?:0|[1-9]\d{0,14})$/.test(header)) throw badId()
  return Number(header)
}

/** Where the stream of all sessions goes on: behind this link of this session. */
export type Position = { readonly at: number; readonly session: string; readonly seq: number }

/** Reads what `followAll` gives as ids; undefined without one. Throws Fault `bad-event-id`. */
export const parsePosition = (header: string | null): Position | undefined => {
  if (header === null || header === '') return undefined
  const [, at = '', session = '', seq = ''] = /^(\d{1,15})\.([0-9a-f-]{36})\.(\d{1,15})$/.exec(header) ?? []
  if (!isSessionId(session)) throw badId()
  return { at: Number(at), session, seq: Number(seq) }
}

export type Follower = {
  /** The links of a session behind this one. */
  readonly links: (id: string, after: number) => Promise<readonly Link[]>
  /** Between two looks; resolves early when the service stops. */
  readonly pause: () => Promise<void>
  readonly isStopping: () => boolean
  /** Throws when the person may not go on, whose token ended, say. */
  readonly still: () => Promise<unknown>
}

/** So many looks without news between two comments, and between two looks at the links of what seems the same. */
const QUIET = 10

/** Runs `look` again and again and gives what it finds. A neighbour that is away is waited for; the end is told. */
async function* watch(
  { pause, isStopping, still }: Follower,
  look: (round: number) => AsyncGenerator<LiveEvent>,
): AsyncGenerator<LiveEvent | undefined> {
  for (let round = 0; !isStopping(); round += 1) {
    try {
      if (round % QUIET === 0) {
        await still()
        yield undefined
      }
      yield* look(round)
    } catch (error) {
      if (!isFault(error) || error.kind !== 'unavailable') {
        yield { event: 'end', data: { code: isFault(error) ? error.code : 'unexpected' } }
        return
      }
    }
    await pause()
  }
}

/**
 * What happens to a session: its links behind `after`, each once, and in between how it stands. `snapshot` throws when the
 * person may not see it any more.
 */
export const followSession = (
  parts: Follower & { readonly snapshot: (id: string) => Promise<object> },
  id: string,
  after: number,
): AsyncGenerator<LiveEvent | undefined> => {
  let last = after
  let shown = ''
  return watch(parts, async function* (round) {
    const snapshot = await parts.snapshot(id)
    const text = JSON.stringify(snapshot)
    if (text === shown && round % QUIET !== 0) return
    for (const link of await parts.links(id, last)) {
      last = link.seq
      yield { id: String(link.seq), event: 'session', data: { session_id: id, ...link } }
    }
    if (text !== shown) yield { event: 'progress', data: snapshot }
    shown = text
  })
}

type Listed = { readonly id: string; readonly ended_at?: number | undefined }

/** Links of different sessions may become known in another order than they happened, ms. */
const OVERLAP = 2_000
const DAY = 24 * 3_600_000

/**
 * What happens to all sessions that `list` answers, from `from` (epoch ms) or a position on. Behind a position nothing is
 * left out; what happened in the two seconds before it to other sessions may come again.
 */
export const followAll = (
  parts: Follower & { readonly list: () => Promise<readonly Listed[]> },
  start: Position | number,
): AsyncGenerator<LiveEvent | undefined> => {
  const from = typeof start === 'number' ? start : start.at - OVERLAP
  const last = new Map<string, number>(typeof start === 'number' ? [] : [[start.session, start.seq]])
  const shown = new Map<string, string>()
  return watch(parts, async function* () {
    const listed = await parts.list()
    for (const session of listed) {
      const { id, ended_at } = session
      const text = JSON.stringify(session)
      const isOld = !shown.has(id) && ended_at !== undefined && ended_at < from - DAY
      if (shown.get(id) !== text && !isOld)
        for (const link of await parts.links(id, last.get(id) ?? -1)) {
          last.set(id, link.seq)
          if (link.at < from) continue
          yield { id: `${link.at}.${id}.${link.seq}`, event: 'session', data: { session_id: id, ...link } }
        }
      shown.set(id, text)
    }
    // Who fell out of the list is not remembered: memory is that of a page.
    const present = new Set(listed.map(({ id }) => id))
    for (const id of shown.keys()) if (!present.has(id)) for (const map of [shown, last]) map.delete(id)
  })
}

/** Streams that are open, by person. Throws Fault exhausted `too-many-streams`. */
export const streamPlaces = ({ each, all }: { readonly each: number; readonly all: number }) => {
  const open = new Map<string, number>()
  let total = 0
  return {
    take: (person: string): (() => void) => {
      const own = open.get(person) ?? 0
      if (own >= each || total >= all)
        throw new Fault('exhausted', 'too-many-streams', `at most ${each} streams of events a person: close one`)
      open.set(person, own + 1)
      total += 1
      let isFree = false
      return () => {
        if (isFree) return
        isFree = true
        total -= 1
        const left = (open.get(person) ?? 1) - 1
        if (left === 0) open.delete(person)
        else open.set(person, left)
      }
    },
    total: () => total,
  }
}
