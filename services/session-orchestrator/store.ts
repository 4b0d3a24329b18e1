import { type AuditEntry, type AuditEvent, LONGEST_BODY, nextEvent } from '#common/evidence/audit-event'
import { canonicalBytes } from '#common/evidence/canonical-json'
import type { SignedManifest, StreamGap } from '#common/http/session-model'
import type { Session } from '#common/http/session-view'
import type { PolicyRequest } from '#common/policy/decision'
import { Fault } from '#common/process/fault'
import { machineRandom } from '#common/process/random'
import type { StoreSchema } from '#common/store/schema'
import type { Declaration, Store, Stored } from '#common/store/store'
import { type AuditLink, describeEntry, nextLink } from './audit.ts'

/** A session, and what only this service needs of it. */
export type SessionDoc = Session & {
  readonly public_key: string
  readonly recorder_version: string
  readonly device_fingerprint: string
  readonly claimed_plain?: number
  readonly end_reason?: string
  /** What the recorder said is missing in the middle; the manifest states it by chunk, in `gaps`. */
  readonly stream_gaps?: readonly StreamGap[]
  readonly touched_at: number
  /** When somebody was last let in, asked, or something was decided: it ended no earlier. */
  readonly acted_at?: number
  /** True from when the chain lost its anchor until it is anchored again. */
  readonly anchor_lost?: boolean
  /** True from when it was voided until the encryptor takes nothing more for it. */
  readonly still_open?: boolean
}

/** The policy of a session: its canonical text, which was hashed, and its owner's signature. */
export type PolicyDoc = { readonly id: string; readonly text: string; readonly signature: string }
export type RequestDoc = PolicyRequest & { readonly session: string }

/** A session's signing key, wrapped; removed in the transaction that keeps the signature. */
export type KeyDoc = { readonly id: string; readonly wrapped: string }

export type ManifestDoc = Readonly<SignedManifest> & { readonly id: string }

/** An event of a session; `event` instead of the rest in a chain of a release before. */
export type AuditDoc = Pick<AuditLink, 'seq' | 'at' | 'prev' | 'hash'> &
  Partial<Pick<AuditLink, 'event'> & Pick<AuditEvent, 'type' | 'body' | 'salt' | 'digest'>> & {
    readonly id: string
    readonly session: string
  }

const sessions: Declaration<SessionDoc> = {
  name: 'sessions',
  fields: {
    state: 'text',
    owner: 'text',
    started_at: 'integer',
    touched_at: 'integer',
    anchor_lost: 'boolean',
    still_open: 'boolean',
  },
  indexes: [['state', 'touched_at'], ['started_at'], ['owner', 'started_at'], ['anchor_lost'], ['still_open']],
}
const keys: Declaration<KeyDoc> = { name: 'session_signing_keys', fields: {}, secret: true }
const manifests: Declaration<ManifestDoc> = { name: 'session_manifests', fields: {} }
const audit: Declaration<AuditDoc> = {
  name: 'session_audit',
  fields: { session: 'text', seq: 'integer' },
  required: ['session', 'seq'],
  unique: [['session', 'seq']],
}

const policies: Declaration<PolicyDoc> = { name: 'session_policies', fields: {} }
const requests: Declaration<RequestDoc> = {
  name: 'session_requests',
  fields: { session: 'text', asked_at: 'integer' },
  required: ['session', 'asked_at'],
  indexes: [['session', 'asked_at']],
}

/** All that session-orchestrator keeps. */
export const schema: StoreSchema = {
  collections: [sessions, keys, manifests, audit, policies, requests],
  migrations: [],
}

/** The collections of session-orchestrator, on a store or inside a transaction of it. */
export const tables = (store: Store) => ({
  sessions: store.collection(sessions),
  keys: store.collection(keys),
  manifests: store.collection(manifests),
  audit: store.collection(audit),
  policies: store.collection(policies),
  requests: store.collection(requests),
})

export type Tables = ReturnType<typeof tables>

/** A stored session without its revision, ready to be replaced. */
export const withoutRevision = ({ rev: _, ...doc }: Stored<SessionDoc>): SessionDoc => doc

/** Throws Fault `no-such-session`. */
export const findSession = async ({ sessions: table }: Tables, id: string): Promise<Stored<SessionDoc>> => {
  const doc = await table.get(id)
  if (doc === undefined) throw new Fault('missing', 'no-such-session', 'there is no session of this id')
  return doc
}

/** An event as everybody may see it who may see the chain. */
export const publicEvent = ({
  id: _id,
  session: _session,
  rev: _rev,
  ...event
}: Stored<AuditDoc>): AuditEvent | AuditLink => event as AuditEvent | AuditLink // it was stored as one of them

/** Events of a session until it ends, at most; its end and its chunks have room behind. */
const MOST_EVENTS = 50_000
const anytime: readonly AuditEntry['type'][] = [
  'active',
  'paused',
  'request-made',
  'request-decided',
  'action-decided',
  'suspended',
  'resumed',
]

const checkEntry = (seq: number, { type, body }: AuditEntry): void => {
  if (canonicalBytes(body).length > LONGEST_BODY)
    throw new Fault('invalid', 'audit-too-large', `an event has at most ${LONGEST_BODY} bytes`)
  if (seq >= MOST_EVENTS && anytime.includes(type))
    throw new Fault('exhausted', 'audit-full', 'this session has as many events as it may have: end it')
}

/** Adds events; answers the last, whose hash is the audit root. No secret goes in. Throws `audit-too-large|-full`. */
export const appendAudits = async (
  own: Tables,
  session: string,
  entries: readonly AuditEntry[],
  at: number,
): Promise<AuditDoc | undefined> => {
  let [last]: readonly AuditDoc[] = await own.audit.find({ where: { session }, sort: [['seq', 'desc']], limit: 1 })
  const docs: AuditDoc[] = []
  for (const entry of entries) {
    checkEntry((last?.seq ?? -1) + 1, entry)
    const link =
      last?.event === undefined
        ? nextEvent(session, last, { ...entry, at, salt: machineRandom(32).toHex() })
        : nextLink(session, last, describeEntry(entry), at)
    last = { id: `${session}/${link.seq}`, session, ...link }
    docs.push(last)
  }
  await own.audit.insertMany(docs, { onDuplicate: 'fail' })
  return last
}

/** As `appendAudits`, of one. */
export const appendAudit = async (own: Tables, session: string, entry: AuditEntry, at: number): Promise<AuditDoc> =>
  (await appendAudits(own, session, [entry], at)) as AuditDoc // it was just added
