import { requestPerson } from '#common/http/callers'
import { entityTag, isKnown, requireMatch } from '#common/http/etag'
import { pathOf } from '#common/http/route-pattern'
import type { ServiceParts } from '#common/http/service'
import { mayDo } from '#common/people/permissions'
import { Fault } from '#common/process/fault'
import type { Deed } from './access.ts'
import type { Erasures } from './erasures.ts'
import type { Follower } from './events.ts'
import { chunksOver } from './evidence.ts'
import { type Idempotency, parseKey } from './idempotency.ts'
import { liveEvents } from './live-events.ts'
import type { ListQuery, Session } from './model.ts'
import type { Neighbours } from './neighbours.ts'
import type { Platform } from './platform.ts'
import { sessions as sessionsOver } from './sessions.ts'
import { uploads as uploadsOver } from './uploads.ts'

export type ApiParts = Pick<Follower, 'pause' | 'isStopping'> & {
  readonly neighbours: Neighbours
  readonly erasures: Erasures
  readonly idempotency: Idempotency
  readonly now: () => number
  /** Lets a dangerous action (`METHOD /path`) of the acting person on, if he signed for it where he must. */
  readonly requireHardwareSignature: (purpose: string, proof: string | undefined) => Promise<unknown>
  readonly platform: Platform
  readonly parts: ServiceParts
}

export const V1 = '/api/v1'
/** A signature by a hardware wallet for one dangerous action: NONCE.SIGNATURE. */
export const HARDWARE_HEADER = 'x-hardware-key-signature'

/** What routes of one kind share. */
export const handlers = (api: ApiParts) => {
  const { neighbours, erasures, idempotency, platform, parts, now, pause, isStopping } = api
  const sessions = sessionsOver(neighbours, erasures)
  const uploads = uploadsOver(neighbours)
  /** The one way to a session: with what the person wants of it. */
  const find = (id: string, deed: Deed): Promise<Session> => sessions.find(requestPerson(), id, deed)
  const once = <R extends object>(request: Request, body: unknown, work: (id?: string) => Promise<R>): Promise<R> => {
    const key = parseKey(request.headers.get('idempotency-key'))
    if (key === undefined) return work()
    const asked = `${request.method} ${pathOf(request)} ${JSON.stringify(body ?? null)}`
    return idempotency.once({ person: requestPerson().address, key, request: asked }, work)
  }
  return {
    ...{ neighbours, erasures, platform, parts },
    requireHardwareSignature: api.requireHardwareSignature,
    sessions,
    uploads,
    find,
    /** Does it once for a key; its session may have changed since it was first done. */
    once,
    /** Changes a session that the person may change so, and that is the one he read. */
    change: async <R extends object>(
      { id, deed, request, body }: { id: string; deed: Deed; request: Request; body?: unknown },
      work: (session: Session) => Promise<R>,
    ): Promise<R> => {
      const session = await find(id, deed)
      return once(request, body, () => {
        requireMatch(request.headers.get('if-match'), entityTag(session))
        return work(session)
      })
    },
    list: (query: ListQuery) => {
      const { address, roles } = requestPerson()
      const isAll = query.all === 'true'
      if (isAll && !mayDo(roles, 'admin_access'))
        throw new Fault('forbidden', 'not-permitted', 'sessions of everybody are for admins: leave out `all`')
      return sessions.list(query, isAll ? undefined : address)
    },
    chunks: chunksOver(neighbours),
    live: liveEvents({ neighbours, sessions, uploads, guard: parts.guard, now, pause, isStopping }),
  }
}
export type Handlers = ReturnType<typeof handlers>

/** A resource with its entity tag, or that the caller has it already. */
export const answerTagged = <V extends object>(
  value: V,
  { request, set }: { readonly request: Request; readonly set: { headers: Record<string, string | number> } },
): V => {
  const tag = entityTag(value)
  set.headers['etag'] = tag
  set.headers['cache-control'] = 'private, no-cache'
  if (!isKnown(request.headers.get('if-none-match'), tag)) return value
  return new Response(null, { status: 304, headers: { etag: tag } }) as unknown as V // Elysia's types know one kind of answer
}
