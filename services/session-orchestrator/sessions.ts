import { type Random, wrapKey } from '#common/engines/key-wrap'
import type { AuditEntry } from '#common/evidence/audit-event'
import { ownerBytes } from '#common/evidence/owner'
import { sessionIdBytes } from '#common/evidence/session-id'
import { derivePublicKey } from '#common/evidence/signature'
import type { Session, State } from '#common/http/session-view'
import { type CheckedPolicy, checkSignedPolicy } from '#common/policy/signature'
import { Fault } from '#common/process/fault'
import type { Range, Store } from '#common/store/store'
import type { Finalize, NewSession, StateChange } from './model.ts'
import { recordingStates } from './state.ts'
import { appendAudits, findSession, type SessionDoc, type Tables, tables, withoutRevision } from './store.ts'
import {
  createdEntries,
  endIdleSession,
  finalizeSession,
  newSession,
  publicSession,
  setSessionState,
  type Transition,
} from './transitions.ts'

export type Sessions = {
  /** Opens a session with a fresh id and key pair. Throws Fault `exhausted` code `too-many-sessions`. */
  readonly create: (request: NewSession) => Promise<Session>
  readonly get: (id: string) => Promise<Session>
  /** The newest first; `until` = only those that started no later. */
  readonly list: (query: {
    readonly state?: State | undefined
    readonly until?: number | undefined
    readonly owner?: string | undefined
    readonly limit: number
  }) => Promise<readonly Session[]>
  readonly setState: (id: string, to: StateChange) => Promise<Session>
  /** Ends the recording; the rest happens by itself. Throws Fault `already-finalized`. */
  readonly finalize: (id: string, end: Finalize) => Promise<Session>
  /** Ends what was unused for `after` ms: unused sessions expire, started ones are sealed with a gap. */
  readonly sweep: (after: number) => Promise<readonly Session[]>
  /** Counts every session that is recorded, or waits for it, as used now. */
  readonly renew: () => Promise<void>
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
export const signingKeyFor = (session: string) => ({ purpose: 'lucid/signing-key/v1', id: sessionIdBytes(session) })

/** A session's Ed25519 key pair, of which the secret half exists only wrapped. */
const newSigningKey = (id: string, { signingKey, random }: SessionsParts) => {
  const seed = random(32)
  const wrapped = wrapKey(signingKey, signingKeyFor(id), seed, random).toHex()
  const public_key = derivePublicKey(seed).toHex()
  seed.fill(0)
  return { wrapped, public_key }
}

const keyless: readonly State[] = ['expired', 'voided']

/** Stores a session of revision `rev` and its audit entries, in a transaction: two who change it wait here. */
export const applyEvents = async (
  own: Tables,
  rev: number,
  { next, events }: { readonly next: SessionDoc; readonly events: readonly AuditEntry[] },
  now: number,
): Promise<Session> => {
  await own.sessions.replace({ ...next, touched_at: now }, rev)
  if (keyless.includes(next.state)) await own.keys.remove(next.id)
  if (events.length > 0) await appendAudits(own, next.id, events, now)
  return publicSession(next)
}

/** Performs a transition in one transaction. */
export const change = (
  { store, now }: Pick<SessionsParts, 'store' | 'now'>,
  id: string,
  transition: (doc: SessionDoc) => Transition,
): Promise<Session> =>
  store.transaction(async (tx) => {
    const own = tables(tx)
    const doc = await findSession(own, id)
    const { next, event } = transition(withoutRevision(doc))
    return applyEvents(own, doc.rev, { next, events: event === undefined ? [] : [event] }, now())
  })

const requireRoom = async (store: Store, maxActive: number): Promise<void> => {
  const active = await tables(store).sessions.count({ state: { in: recordingStates } })
  if (active < maxActive) return
  throw new Fault('exhausted', 'too-many-sessions', `${maxActive} sessions are being recorded; end one first`)
}

/** The policy that a new session is to have. Throws Fault invalid `policy-people`, and as `checkSignedPolicy`. */
const checkPolicy = ({ owner, policy, participants, observers }: NewSession, now: number) => {
  if (policy === undefined) return undefined
  if (participants !== undefined || observers !== undefined)
    throw new Fault('invalid', 'policy-people', 'the policy says who may join: leave out participants and observers')
  return checkSignedPolicy(policy, { owner, now })
}

const namedPeople = ({ policy, hash }: CheckedPolicy) => {
  const { participants, observers, approvers } = policy
  return { policy: { hash, participants, observers, approvers } }
}

/** The session that an earlier try of the same request opened. Throws Fault conflict `session-exists` for another owner's. */
const findOpened = async ({ store }: SessionsParts, { id, owner }: NewSession): Promise<Session | undefined> => {
  const doc = id === undefined ? undefined : await tables(store).sessions.get(id)
  if (doc === undefined) return undefined
  if (doc.owner !== owner) throw new Fault('conflict', 'session-exists', 'there is another session of this id')
  return publicSession(withoutRevision(doc))
}

const create = async (request: NewSession, parts: SessionsParts): Promise<Session> => {
  const { store, now, newId, openKey, chunkSize: chunk_size, maxActive } = parts
  const { owner, owner_x25519, participants = [], observers = [] } = request
  const opened = await findOpened(parts, request)
  if (opened !== undefined) return opened
  for (const address of [owner, ...participants, ...observers]) ownerBytes(address)
  const checked = checkPolicy(request, now())
  await requireRoom(store, maxActive)
  const id = request.id ?? newId()
  const { wrapped, public_key } = newSigningKey(id, parts)
  const fixed = { id, public_key, chunk_size, ...(checked && namedPeople(checked)) }
  const doc = newSession(request, fixed, now())
  await openKey({ session: id, owner, chunk_size, ...(owner_x25519 === undefined ? {} : { owner_x25519 }) })
  return store.transaction(async (tx) => {
    const own = tables(tx)
    // Again, inside: others may have been opened while the encryptor made the key.
    await requireRoom(tx, maxActive)
    await own.keys.insert({ id, wrapped })
    await own.sessions.insert(doc)
    if (request.policy !== undefined && checked !== undefined)
      await own.policies.insert({ id, text: checked.text, signature: request.policy.signature })
    await appendAudits(own, id, createdEntries(doc, request.policy), now())
    return publicSession(doc)
  })
}

/** The life of sessions up to their end. */
export const sessions = (parts: SessionsParts): Sessions => {
  const { store, now } = parts
  const own = tables(store)
  const findTouched = (touched_at: Range<number>) =>
    own.sessions.find({ where: { state: { in: recordingStates }, touched_at } })
  const renew = async (touched_at: Range<number>): Promise<void> => {
    for (const { id } of await findTouched(touched_at)) await change(parts, id, (doc) => ({ next: doc }))
  }
  return {
    renew: () => renew({ gte: 0 }),
    create: (request) => create(request, parts),
    get: async (id) => publicSession(await findSession(own, id)),
    list: async ({ state, until, owner, limit }) => {
      const docs = await own.sessions.find({
        where: {
          ...(state !== undefined && { state }),
          ...(until !== undefined && { started_at: { lte: until } }),
          ...(owner !== undefined && { owner }),
        },
        sort: [['started_at', 'desc']],
        limit,
      })
      return docs.map(publicSession)
    },
    setState: (id, to) => change(parts, id, (doc) => setSessionState(doc, to)),
    finalize: (id, end) => change(parts, id, (doc) => finalizeSession(doc, end, now())),
    sweep: async (after) => {
      await renew({ gt: now() })
      const idle = await findTouched({ lt: now() - after })
      const ended: Session[] = []
      for (const { id } of idle) ended.push(await change(parts, id, (doc) => endIdleSession(doc, now())))
      return ended
    },
  }
}
