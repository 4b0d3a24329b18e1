import { type Random, unwrapKey, wrapKey } from '#common/engines/key-wrap'
import { FLAG_LAST } from '#common/evidence/chunk-file'
import { sessionIdBytes } from '#common/evidence/session-id'
import { Fault, isFault } from '#common/process/fault'
import type { Store, Stored } from '#common/store/store'
import { fromHex } from '#common/stream/bytes'
import type { NewSession, Progress } from './model.ts'
import { sealToOwner } from './owner-seal.ts'
import { type ChunkDoc, chunkId, type SessionDoc, tables } from './store.ts'
import { fenced, type Turns, turns } from './turns.ts'

export type Sessions = {
  /** Makes a session key. The same request again is the same session; another owner is Fault `session-differs`. */
  readonly create: (wanted: NewSession) => Promise<Progress>
  readonly progress: (session: string) => Promise<Progress>
  readonly owner: (session: string) => Promise<string>
  /** Fences all earlier writers and tells where to go on. Throws Fault `sealed`. */
  readonly openWriter: (session: string) => Promise<Progress & { readonly epoch: number }>
  /** No chunk is accepted any more; what is durable is the session. Idempotent. */
  readonly seal: (session: string) => Promise<Progress>
  /** The session key in clear; the caller must not let it out of this service but to its owner. */
  readonly key: (session: string) => Promise<Uint8Array>
  readonly turns: (session: string) => Promise<Turns>
  /**
   * Where a session stands when a commit of it may still be under way: it writes the session too, so that the
   * one that comes later fails.
   */
  readonly settle: (session: string) => Promise<{ readonly epoch: number; readonly chunk_count: number }>
  /** Records the chunk as durable; call only in its turn and after its file is. */
  readonly commit: (session: string, chunk: ChunkDoc, broken: boolean) => Promise<void>
}

const wrapFor = (session: string) => ({ purpose: 'lucid/session-key/v1', id: sessionIdBytes(session) })

const progressOf = (doc: SessionDoc): Progress => ({
  session: doc.id,
  chunk_size: doc.chunk_size,
  chunk_count: doc.chunk_count,
  total_plain: doc.total_plain,
  total_cipher: doc.total_cipher,
  last: doc.last,
  sealed: doc.sealed,
  ...(doc.last_at === undefined ? {} : { last_at: doc.last_at }),
})

const without = ({ rev: _, ...doc }: Stored<SessionDoc>): SessionDoc => doc

const noSuchSession = () => new Fault('missing', 'no-such-session', 'there is no session of this id')

const sealedFault = (doc: SessionDoc) =>
  new Fault('conflict', 'sealed', 'this session is sealed; a new recording needs a new session', {
    extra: { chunk_count: doc.chunk_count, acknowledged: doc.total_plain },
  })

/** The sessions of this service: their keys, their progress, and who may append to them. */
export const sessions = ({
  store,
  masterKey,
  random,
}: {
  readonly store: Store
  readonly masterKey: Uint8Array
  readonly random: Random
}): Sessions => {
  const table = tables(store).sessions
  const keys = new Map<string, Uint8Array>()
  const order = new Map<string, Turns>()

  const find = async (session: string): Promise<Stored<SessionDoc>> => {
    const doc = await table.get(session)
    if (doc === undefined) throw noSuchSession()
    return doc
  }

  const change = (session: string, how: (doc: SessionDoc) => SessionDoc): Promise<SessionDoc> =>
    store.transaction(async (tx) => {
      const own = tables(tx).sessions
      const doc = await own.get(session)
      if (doc === undefined) throw noSuchSession()
      const next = how(without(doc))
      return next.epoch === doc.epoch ? next : own.replace(next, doc.rev)
    })

  const newDoc = (wanted: NewSession): SessionDoc => {
    const key = random(32)
    const owner = wanted.owner_x25519
    return {
      id: wanted.session,
      owner: wanted.owner,
      wrapped: wrapKey(masterKey, wrapFor(wanted.session), key, random).toHex(),
      ...(owner ? { sealed_to_owner: sealToOwner(fromHex(owner, 32), key, random).toHex() } : {}),
      chunk_size: wanted.chunk_size,
      epoch: 0,
      chunk_count: 0,
      total_plain: 0,
      total_cipher: 0,
      last: false,
      closed: false,
      sealed: false,
    }
  }

  const turnsOf = async (session: string): Promise<Turns> => {
    const known = order.get(session)
    if (known) return known
    const { epoch, chunk_count } = await find(session)
    const made = order.get(session) ?? turns(epoch, chunk_count)
    order.set(session, made)
    return made
  }

  return {
    create: async (wanted) => {
      try {
        return progressOf(await table.insert(newDoc(wanted)))
      } catch (error) {
        if (!isFault(error, 'duplicate')) throw error
        const doc = await find(wanted.session)
        if (doc.owner !== wanted.owner || doc.chunk_size !== wanted.chunk_size)
          throw new Fault('conflict', 'session-differs', 'a session of this id exists with other properties')
        return progressOf(doc)
      }
    },
    progress: async (session) => progressOf(await find(session)),
    owner: async (session) => (await find(session)).owner,
    openWriter: async (session) => {
      const line = await turnsOf(session)
      return line.alone(async () => {
        const next = await change(session, (doc) => {
          if (doc.sealed) throw sealedFault(doc)
          return { ...doc, epoch: doc.epoch + 1 }
        })
        line.reset(next.epoch, next.chunk_count)
        return { ...progressOf(next), epoch: next.epoch }
      })
    },
    seal: async (session) => {
      const line = await turnsOf(session)
      return line.alone(async () => {
        const next = await change(session, (doc) =>
          doc.sealed ? doc : { ...doc, sealed: true, epoch: doc.epoch + 1 },
        )
        line.reset(next.epoch, next.chunk_count)
        keys.get(session)?.fill(0)
        keys.delete(session)
        // Nobody can append any more; who still asks gets a new line, and the store refuses him.
        order.delete(session)
        return progressOf(next)
      })
    },
    key: async (session) => {
      const known = keys.get(session)
      // A copy, because `seal` wipes the kept one while it may be in use.
      if (known) return known.slice()
      const { wrapped, sealed } = await find(session)
      const key = unwrapKey(masterKey, wrapFor(session), fromHex(wrapped))
      if (!sealed) keys.set(session, key.slice())
      return key
    },
    turns: turnsOf,
    settle: (session) =>
      store.transaction(async (tx) => {
        const own = tables(tx).sessions
        const doc = await own.get(session)
        if (doc === undefined) throw noSuchSession()
        await own.replace(without(doc), doc.rev)
        return doc
      }),
    commit: (session, chunk, broken) =>
      store.transaction(async (tx) => {
        const own = tables(tx)
        const doc = await own.sessions.get(session)
        if (doc === undefined || doc.sealed || doc.epoch !== chunk.epoch || doc.chunk_count !== chunk.index)
          throw fenced()
        if (doc.closed)
          throw new Fault('conflict', 'after-last', 'the last chunk of this session is there already')
        await own.chunks.insert({ ...chunk, id: chunkId(session, chunk.index) })
        await own.sessions.replace(
          {
            ...without(doc),
            chunk_count: doc.chunk_count + 1,
            total_plain: doc.total_plain + chunk.plain,
            total_cipher: doc.total_cipher + chunk.cipher,
            last: (chunk.flags & FLAG_LAST) !== 0,
            closed: broken || (chunk.flags & FLAG_LAST) !== 0,
            last_at: chunk.at,
          },
          doc.rev,
        )
      }),
  }
}
