import { type Random, wrapKey } from '#common/engines/key-wrap'
import { ownerBytes } from '#common/evidence/owner'
import { sessionIdBytes } from '#common/evidence/session-id'
import { publicKeyOf } from '#common/evidence/signature'
import { Fault } from '#common/process/fault'
import type { Store, Stored } from '#common/store/store'
import type { Finalize, NewSession, Session, State } from './model.ts'
import { checkTransition, recordingStates } from './state.ts'
import { appendAudit, type SessionDoc, tables } from './store.ts'

export type Sessions = {
  /** Opens a session with a fresh id and key pair. Throws Fault `exhausted` code `too-many-sessions`. */
  readonly create: (wanted: NewSession) => Promise<Session>
  readonly get: (id: string) => Promise<Session>
  readonly list: (query: { readonly state?: State; readonly limit: number }) => Promise<readonly Session[]>
  readonly setState: (id: string, state: 'active' | 'paused') => Promise<Session>
  /** Ends the recording; the rest happens by itself. Throws Fault `already-finalized`. */
  readonly finalize: (id: string, end: Finalize) => Promise<Session>
  /** Ends what nobody has used for `after` ms: unused sessions expire, started ones are sealed with a gap. */
  readonly sweep: (after: number) => Promise<readonly Session[]>
}

/** Encrypts under the session key; the key itself never leaves session-encryptor. */
export type OpenKey = (session: {
  readonly session: string
  readonly owner: string
  readonly owner_x25519?: string
  readonly chunk_size: number
}) => Promise<unknown>

export type SessionsParts = {
  readonly store: Store
  readonly signingKey: Uint8Array
  readonly random: Random
  readonly now: () => number
  readonly newId: () => string
  readonly openKey: OpenKey
  readonly chunkSize: number
  readonly maxActive: number
}

/** How signing keys are wrapped; the same on the way back. */
export const signingKeyFor = (session: string) => ({
  purpose: 'lucid/signing-key/v1',
  id: sessionIdBytes(session),
})

/** The part of a session that others may see. */
export const publicSession = (doc: SessionDoc): Session => {
  const { id, state, pipeline, owner, participants, observers, started_at, ended_at, chunk_size, complete } =
    doc
  const { gaps, chunk_count, total_plain, merkle_root, manifest_hash, anchor, error } = doc
  const maybe = {
    pipeline,
    ended_at,
    complete,
    chunk_count,
    total_plain,
    merkle_root,
    manifest_hash,
    anchor,
    error,
  }
  const known = Object.fromEntries(Object.entries(maybe).filter(([, value]) => value !== undefined))
  return { id, state, owner, participants, observers, started_at, chunk_size, gaps, ...known }
}

/** A stored document without its revision, ready to be replaced. */
export const plain = ({ rev: _, ...doc }: Stored<SessionDoc>): SessionDoc => doc

const noSuchSession = () => new Fault('missing', 'no-such-session', 'there is no session of this id')

/** The life of sessions up to their end. */
export const sessions = (parts: SessionsParts): Sessions => {
  const { store, signingKey, random, now, newId, openKey, chunkSize, maxActive } = parts

  const change = (id: string, how: (doc: SessionDoc) => SessionDoc, event: string): Promise<Session> =>
    store.transaction(async (tx) => {
      const own = tables(tx)
      const doc = await own.sessions.get(id)
      if (doc === undefined) throw noSuchSession()
      const next = how(plain(doc))
      if (next.state === doc.state) {
        await own.sessions.replace({ ...next, touched_at: now() }, doc.rev)
        return publicSession(doc)
      }
      if (next.state === 'expired') await own.keys.remove(id)
      await own.sessions.replace({ ...next, touched_at: now() }, doc.rev)
      await appendAudit(own, id, event, now())
      return publicSession(next)
    })

  const demandRoom = async (on: Store): Promise<void> => {
    const active = await tables(on).sessions.count({ state: { in: recordingStates } })
    if (active >= maxActive)
      throw new Fault(
        'exhausted',
        'too-many-sessions',
        `${maxActive} sessions are being recorded; end one first`,
      )
  }

  const finalize = (id: string, end: Finalize): Promise<Session> =>
    change(
      id,
      (doc) => {
        if (!recordingStates.includes(doc.state))
          throw new Fault(
            'conflict',
            'already-finalized',
            `this session is ${doc.state}; it ends only once`,
            {
              extra: { state: doc.state },
            },
          )
        const { complete, reason, total_plain } = end
        return {
          ...doc,
          state: 'finalizing',
          pipeline: 'initialized',
          ended_at: now(),
          complete,
          ...(reason === undefined ? {} : { end_reason: reason }),
          ...(total_plain === undefined ? {} : { claimed_plain: total_plain }),
        }
      },
      end.complete ? 'recording-ended' : `recording-broken-off: ${end.reason ?? 'unknown'}`,
    )

  return {
    create: async (wanted) => {
      for (const address of [wanted.owner, ...(wanted.participants ?? []), ...(wanted.observers ?? [])])
        ownerBytes(address)
      await demandRoom(store)
      const id = newId()
      const seed = random(32)
      const key = wrapKey(signingKey, signingKeyFor(id), seed, random).toHex()
      const doc: SessionDoc = {
        id,
        state: 'created',
        owner: wanted.owner,
        participants: wanted.participants ?? [],
        observers: wanted.observers ?? [],
        started_at: now(),
        chunk_size: chunkSize,
        gaps: [],
        public_key: publicKeyOf(seed).toHex(),
        recorder_version: wanted.recorder_version,
        device_fingerprint: wanted.device_fingerprint,
        touched_at: now(),
      }
      seed.fill(0)
      await openKey({
        session: id,
        owner: wanted.owner,
        chunk_size: chunkSize,
        ...(wanted.owner_x25519 === undefined ? {} : { owner_x25519: wanted.owner_x25519 }),
      })
      return store.transaction(async (tx) => {
        const own = tables(tx)
        // Again, inside: others may have been opened while the encryptor made the key.
        await demandRoom(tx)
        await own.keys.insert({ id, wrapped: key })
        await own.sessions.insert(doc)
        await appendAudit(own, id, 'created', now())
        return publicSession(doc)
      })
    },
    get: async (id) => {
      const doc = await tables(store).sessions.get(id)
      if (doc === undefined) throw noSuchSession()
      return publicSession(doc)
    },
    list: async ({ state, limit }) => {
      const found = await tables(store).sessions.find({
        ...(state === undefined ? {} : { where: { state } }),
        sort: [['started_at', 'desc']],
        limit,
      })
      return found.map(publicSession)
    },
    setState: (id, state) =>
      change(
        id,
        (doc) => {
          if (doc.state !== state) checkTransition(doc.state, state)
          return { ...doc, state }
        },
        state,
      ),
    finalize,
    sweep: async (after) => {
      const idle = await tables(store).sessions.find({
        where: { state: { in: recordingStates }, touched_at: { lt: now() - after } },
      })
      const ended: Session[] = []
      for (const { id, state } of idle)
        ended.push(
          state === 'created'
            ? await change(id, (doc) => ({ ...doc, state: 'expired' }), 'expired')
            : await finalize(id, { complete: false, reason: 'nothing was recorded for too long' }),
        )
      return ended
    },
  }
}
