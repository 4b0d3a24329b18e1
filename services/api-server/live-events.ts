import { requestPerson } from '#common/http/callers'
import { ok } from '#common/http/client'
import type { Guard } from '#common/http/identity'
import { utf8 } from '#common/stream/bytes'
import {
  encodeEvent,
  type Follower,
  followAll,
  followSession,
  type LiveEvent,
  parsePosition,
  parseSessionPosition,
  streamPlaces,
} from './events.ts'
import type { Neighbours } from './neighbours.ts'
import type { Sessions } from './sessions.ts'
import { toStream } from './stream-body.ts'
import type { Uploads } from './uploads.ts'

const STREAMS = { each: 8, all: 256 }

const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }

export type LiveEventsParts = Pick<Follower, 'pause' | 'isStopping'> & {
  readonly neighbours: Pick<Neighbours, 'orchestrator'>
  readonly sessions: Sessions
  readonly uploads: Uploads
  readonly guard: Guard
  readonly now: () => number
}

/** Streams of events as answers. */
export const liveEvents = ({ neighbours, sessions, uploads, guard, now, pause, isStopping }: LiveEventsParts) => {
  const places = streamPlaces(STREAMS)
  const follower = (request: Request): Follower => ({
    pause,
    isStopping,
    still: () => guard(request),
    links: async (id, after) => {
      const query = after < 0 ? {} : { after }
      const { events, fault } = await ok(neighbours.orchestrator.sessions({ id }).audit.get({ query }))
      return events.map(({ seq, at, ...event }) => ({
        ...('type' in event ? { seq, at, type: event.type, body: event.body } : { seq, at, type: event.event }),
        ...(seq === fault?.seq && { fault: fault.detail }),
      }))
    },
  })
  const answer = (make: () => AsyncGenerator<LiveEvent | undefined>): Response => {
    const free = places.take(requestPerson().address)
    async function* encoded() {
      for await (const event of make()) yield utf8(encodeEvent(event))
    }
    return new Response(toStream(encoded(), free), { headers })
  }
  const snapshot = async (id: string) => {
    const { state, pipeline, error } = await sessions.find(requestPerson(), id, 'see')
    const isLive = ['created', 'active', 'paused'].includes(state)
    const fed = isLive ? await uploads.state(id).catch(() => undefined) : undefined
    const progress = fed && { received: fed.received, acknowledged: fed.acknowledged, chunks: fed.chunks }
    return { session_id: id, state, ...(pipeline && { pipeline }), ...(error && { error }), ...progress }
  }
  return {
    open: places.total,
    ofSession: async (id: string, request: Request): Promise<Response> => {
      await sessions.find(requestPerson(), id, 'see')
      const after = parseSessionPosition(request.headers.get('last-event-id'))
      return answer(() => followSession({ ...follower(request), snapshot }, id, after))
    },
    ofAll: (request: Request): Response => {
      const { address } = requestPerson()
      const start = parsePosition(request.headers.get('last-event-id')) ?? now()
      const list = async () => (await sessions.list({ limit: 50 }, address)).sessions
      return answer(() => followAll({ ...follower(request), list }, start))
    },
  }
}
