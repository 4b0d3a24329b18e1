import type { Random } from '#common/engines/key-wrap'
import { type SealedKeys, sealedKeys } from '#common/evidence/owner-seal'
import { Fault, isFault } from '#common/process/fault'
import type { Store, Stored } from '#common/store/store'
import { fromHex } from '#common/stream/bytes'
import { type CommitOrder, commitOrder, fenced } from './commit-order.ts'
import type { NewSession, Progress } from './model.ts'
import { keyErased, sessionKeys } from './session-keys.ts'
import {
  appendChunk,
  checkSameSession,
  describeProgress,
  eraseKeys,
  newSession,
  openWriter,
  sealSession,
} from './session-state.ts'
import { type ChunkDoc, chunkId, type SessionDoc, type Tables, tables } from './store.ts'

export type Sessions = {
  /** Makes a session key. The same request again is the same session; another owner is Fault `session-differs`. */
  readonly create: (request: NewSession) => Promise<Progress>
  readonly progress: (session: string) => Promise<Progress>
  readonly owner: (session: string) => Promise<string>
  /** Fences all earlier writers and says where to go on. Throws Fault `sealed`. */
  readonly openWriter: (session: string) => Promise<Progress & { readonly epoch: number }>
  /** No chunk is accepted any more; what is durable is the session. Idempotent. */
  readonly seal: (session: string) => Promise<Progress>
  /** The session key in clear; the caller must not let it out of this service but to its owner. */
  readonly key: (session: string) => Promise<Uint8Array>
  /** Seals the session and destroys its key, also as it is sealed to its owner: no file of the store holds it any more. False when it was. */
  readonly erase: (session: string, now: number) => Promise<boolean>
  /** The session key sealed to its owner's X25519 key. Throws Fault missing `not-sealed-to-owner`. */
  readonly sealedKey: (session: string) => Promise<SealedKeys>
  readonly commitOrder: (session: string) => Promise<CommitOrder>
  /** Where a session stands; a commit under way that comes later fails, since this writes the session too. */
  readonly settle: (session: string) => Promise<{ readonly epoch: number; readonly chunk_count: number }>
  /** Records the chunk as durable; call only in its turn and after its file is. */
  readonly commit: (session: string, chunk: ChunkDoc, end: { readonly isBroken: boolean }) => Promise<void>
}

const withoutRevision = ({ rev: _, ...doc }: Stored<SessionDoc>): SessionDoc => doc

const noSuchSession = () => new Fault('missing', 'no-such-session', 'there is no session of this id')

const findIn = async (table: Tables['sessions'], session: string): Promise<Stored<SessionDoc>> => {
  const doc = await table.get(session)
  if (doc === undefined) throw noSuchSession()
  return doc
}

/** Performs a transition of a session in one transaction. One that leaves the epoch alone changes nothing. */
const changeWriter = (
  store: Store,
  session: string,
  transition: (doc: SessionDoc) => SessionDoc,
): Promise<SessionDoc> =>
  store.transaction(async (tx) => {
    const table = tables(tx).sessions
    const doc = await findIn(table, session)
    const next = transition(withoutRevision(doc))
    return next.epoch === doc.epoch ? next : table.replace(next, doc.rev)
  })

/** Removed and inserted: that is what takes the keys out of the files. */
const eraseIn = (store: Store, session: string, now: number): Promise<boolean> =>
  store.transaction(async (tx) => {
    const table = tables(tx).sessions
    const doc = await findIn(table, session)
    const next = eraseKeys(withoutRevision(doc), now)
    if (next.erased_at === doc.erased_at) return false
    await table.remove(session, doc.rev)
    await table.insert(next)
    return true
  })

const commitChunk = (store: Store, session: string, chunk: ChunkDoc, isBroken: boolean): Promise<void> =>
  store.transaction(async (tx) => {
    const own = tables(tx)
    const doc = await own.sessions.get(session)
    if (doc === undefined) throw fenced()
    const next = appendChunk(withoutRevision(doc), chunk, { isBroken })
    await own.chunks.insert({ ...chunk, id: chunkId(session, chunk.index) })
    await own.sessions.replace(next, doc.rev)
  })

/** The commit order of each session that is written to. */
const commitOrders = (store: Store) => {
  const orders = new Map<string, CommitOrder>()

  const of = async (session: string): Promise<CommitOrder> => {
    const current = orders.get(session)
    if (current) return current
    const { epoch, chunk_count } = await findIn(tables(store).sessions, session)
    // Somebody else may have made it meanwhile.
    const order = orders.get(session) ?? commitOrder(epoch, chunk_count)
    orders.set(session, order)
    return order
  }

  return {
    of,
    /** Performs a transition while no commit is under way, and has the order follow. */
    change: async (session: string, transition: (doc: SessionDoc) => SessionDoc): Promise<SessionDoc> => {
      const order = await of(session)
      return order.exclusively(async () => {
        const next = await changeWriter(store, session, transition)
        order.reset(next.epoch, next.chunk_count)
        return next
      })
    },
    forget: (session: string): void => void orders.delete(session),
  }
}

/** The sessions of this service: their keys, their progress, and who may append to them. */
export const sessions = ({
  store,
  masterKey,
  random,
  markErased,
}: {
  readonly store: Store
  readonly masterKey: Uint8Array
  readonly random: Random
  /** Writes down outside the store that the keys of a session are destroyed, durably, before they are. */
  readonly markErased: (session: string) => void
}): Sessions => {
  const table = tables(store).sessions
  const keys = sessionKeys(masterKey, random)
  const orders = commitOrders(store)
  const seal = async (session: string): Promise<Progress> => {
    const doc = await orders.change(session, sealSession)
    keys.wipe(session)
    // Nobody can append any more; who still asks gets a new order, and the store refuses him.
    orders.forget(session)
    return describeProgress(doc)
  }

  return {
    create: async (request) => {
      try {
        return describeProgress(await table.insert(newSession(request, keys.create(request))))
      } catch (error) {
        if (!isFault(error, 'duplicate')) throw error
        const doc = await findIn(table, request.session)
        checkSameSession(doc, request)
        return describeProgress(doc)
      }
    },
    progress: async (session) => describeProgress(await findIn(table, session)),
    owner: async (session) => (await findIn(table, session)).owner,
    openWriter: async (session) => {
      const doc = await orders.change(session, openWriter)
      return { ...describeProgress(doc), epoch: doc.epoch }
    },
    seal,
    key: async (session) => keys.fromMemory(session) ?? keys.unwrap(await findIn(table, session)),
    erase: async (session, now) => {
      await seal(session)
      markErased(session)
      return eraseIn(store, session, now)
    },
    sealedKey: async (session) => {
      const { sealed_to_owner, erased_at } = await findIn(table, session)
      if (erased_at !== undefined) throw keyErased()
      if (sealed_to_owner !== undefined) return sealedKeys(fromHex(sealed_to_owner, 80))
      throw new Fault('missing', 'not-sealed-to-owner', 'this session was opened without an X25519 key of its owner')
    },
    commitOrder: orders.of,
    settle: (session) =>
      store.transaction(async (tx) => {
        const own = tables(tx).sessions
        const doc = await findIn(own, session)
        await own.replace(withoutRevision(doc), doc.rev)
        return doc
      }),
    commit: (session, chunk, { isBroken }) => commitChunk(store, session, chunk, isBroken),
  }
}
