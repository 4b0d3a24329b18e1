import { ok } from '#common/http/client'
import type { State } from '#common/http/session-view'
import type { Clients } from './upload.ts'

const isLive = (state: string): boolean => ['created', 'active', 'paused'].includes(state)

const PAGE = 100

/** What session-orchestrator is asked for; `until` = only those that started no later, epoch ms. */
type Query = { readonly state?: State; readonly until?: number; readonly limit: number }

const askSessions = (clients: Clients) => async (query: Query) =>
  (await ok(clients.orchestrator().sessions.get({ query }))).sessions

type Session = Awaited<ReturnType<ReturnType<typeof askSessions>>>[number]

/** A session as it is listed: of one that is still recorded, what is durable so far. */
export type Listed = Session & { readonly durable?: { readonly bytes: number; readonly chunks: number } }

const addProgress = async (clients: Clients, session: Session): Promise<Listed> => {
  if (!isLive(session.state)) return session
  const at = await (async () => ok(clients.recorder().recordings({ id: session.id }).get()))().catch(() => undefined)
  return at === undefined ? session : { ...session, durable: { bytes: at.acknowledged, chunks: at.chunks } }
}

/** One session. Throws Fault `no-such-session`. */
export const findSession = async (clients: Clients, id: string): Promise<Listed> =>
  addProgress(clients, await ok(clients.orchestrator().sessions({ id }).get()))

type Choice = { readonly state?: State; readonly most: number }

/**
 * Pages of what `ask` answers newest first, until `most` were given, so that any number of sessions takes the memory of
 * a page. Sessions that start meanwhile are in none.
 */
export async function* readPages<S extends Pick<Session, 'id' | 'started_at'>>(
  ask: (query: Query) => Promise<readonly S[]>,
  { state, most }: Choice,
): AsyncGenerator<readonly S[]> {
  let until: number | undefined
  /** Sessions of the last page that started in the millisecond at which the next one begins. */
  let seen: ReadonlySet<string> = new Set()
  for (let left = most; left > 0; ) {
    const limit = Math.min(PAGE, left) + seen.size
    const page = await ask({ limit, ...(state && { state }), ...(until !== undefined && { until }) })
    const fresh = page.filter(({ id }) => !seen.has(id))
    if (fresh.length === 0) return
    yield fresh
    left -= fresh.length
    if (page.length < limit) return
    const last = page.at(-1)?.started_at
    until = last
    seen = new Set(page.filter(({ started_at }) => started_at === last).map(({ id }) => id))
  }
}

/** Sessions as they are listed, the newest first, a page at a time. */
export async function* listSessions(clients: Clients, choice: Choice): AsyncGenerator<readonly Listed[]> {
  for await (const page of readPages(askSessions(clients), choice))
    yield await Promise.all(page.map((session) => addProgress(clients, session)))
}
