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

/** A session as the API shows it. */
const describe = (session: Found, erasure: ErasureDoc | undefined): Session => ({
  ...session,
  ...(erasure && { erasure: { state: erasure.state, by: erasure.by, due: erasure.due } }),
})

/** A UUIDv4 in form (RFC 9562) whose bits are the first 122 of a hash, hex. */
const uuidOf = (hash: string): string => {
  const variant = '89ab'[Number.parseInt(hash[16] ?? '0', 16) & 3]
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-4${hash.slice(13, 16)}-${variant}${hash.slice(17, 20)}-${hash.slice(20, 32)}`
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
              orchestrator.sessions.get({ query: { ...query, ...(state && { state }), ...(owner && { owner }) } }),
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
    /** Begins a recording whose owner is the person; `of` names the request, which done again finds what it began. */
    create: async ({ address }: SignedIn, request: NewSession, of?: string): Promise<Session> => {
      const chosen = of !== undefined && { id: uuidOf(of) }
      const { id } = await ok(recorder.recordings.start.post({ ...request, ...chosen, owner: address }))
      return withErasure(await ask(id))
    },
  }
}
