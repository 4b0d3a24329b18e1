import { ok } from '#common/http/client'
import { isFault } from '#common/process/fault'
import type { SignedIn } from '#common/process/request-context'
import { type Deed, noSuchSession, requireAccess } from './access.ts'
import { decodeCursor, readPage } from './cursor.ts'
import type { Erasures } from './erasures.ts'
import type { ListQuery, NewSession, Session } from './model.ts'
import type { Neighbours } from './neighbours.ts'
import type { ErasureDoc } from './store.ts'

type Found = Awaited<ReturnType<ReturnType<typeof askFor>>>

const askFor =
  ({ orchestrator }: Pick<Neighbours, 'orchestrator'>) =>
  (id: string) =>
    ok(orchestrator.sessions({ id }).get())

/** A session as the API shows it: nothing but what it promises. */
const describe = (session: Found, erasure: ErasureDoc | undefined): Session => {
  const { id, state, owner, participants, observers, started_at, chunk_size, gaps } = session
  const { pipeline, ended_at, complete, chunk_count, total_plain, merkle_root } = session
  const { manifest_hash, anchor, error, policy, suspended_by } = session
  const later = {
    pipeline,
    ended_at,
    complete,
    chunk_count,
    total_plain,
    merkle_root,
    manifest_hash,
    anchor,
    error,
    policy,
    suspended_by,
  }
  return {
    ...{ id, state, owner, participants, observers, started_at, chunk_size, gaps },
    ...Object.fromEntries(Object.entries(later).filter(([, value]) => value !== undefined)),
    ...(erasure && { erasure: { state: erasure.state, by: erasure.by, due: erasure.due } }),
  }
}

export type Sessions = ReturnType<typeof sessions>

/** Sessions for people: each is looked up together with what the person may do with it. */
export const sessions = (neighbours: Neighbours, erasures: Pick<Erasures, 'find'>) => {
  const { orchestrator, recorder } = neighbours
  const ask = askFor(neighbours)
  const withErasure = async (session: Found): Promise<Session> =>
    describe(session, (await erasures.find([session.id])).get(session.id))

  return {
    /** A session with which the person may do this. Throws Fault as `requireAccess`. */
    find: async (person: SignedIn, id: string, deed: Deed): Promise<Session> => {
      const session = await ask(id).catch((error: unknown) => {
        throw isFault(error) && error.kind === 'missing' ? noSuchSession() : error
      })
      requireAccess(person, session, deed)
      return withErasure(session)
    },
    /** The newest first: those of an owner, or of everybody. */
    list: async ({ state, limit = 50, cursor }: ListQuery, owner: string | undefined) => {
      const after = cursor === undefined ? undefined : decodeCursor(cursor)
      const { items, next } = await readPage(
        async (query) =>
          (
            await ok(
              orchestrator.sessions.get({
                query: { ...query, ...(state && { state }), ...(owner && { owner }) },
              }),
            )
          ).sessions,
        { after, limit },
      )
      const erased = await erasures.find(items.map(({ id }) => id))
      return {
        sessions: items.map((session) => describe(session, erased.get(session.id))),
        ...(next !== undefined && { next }),
      }
    },
    /** Begins a recording whose owner is the person. */
    create: async ({ address }: SignedIn, request: NewSession): Promise<Session> => {
      const { id } = await ok(recorder.recordings.start.post({ ...request, owner: address }))
      return withErasure(await ask(id))
    },
  }
}
