import { Fault } from '#common/process/fault'
import type { StoreSchema } from '#common/store/schema'
import type { Declaration, Store, Stored } from '#common/store/store'
import { type AuditLink, nextLink } from './audit.ts'
import type { Session, StreamGap } from './model.ts'

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
  /** True from when the chain lost its anchor until it is anchored again. */
  readonly anchor_lost?: boolean
}

/** A session's signing key, wrapped; removed in the transaction that keeps the signature. */
export type KeyDoc = { readonly id: string; readonly wrapped: string }

export type ManifestDoc = {
  readonly id: string
  readonly manifest: string
  readonly alg: 'Ed25519'
  readonly public_key: string
  readonly signature: string
}

export type AuditDoc = AuditLink & { readonly id: string; readonly session: string }

const sessions: Declaration<SessionDoc> = {
  name: 'sessions',
  fields: { state: 'text', started_at: 'integer', touched_at: 'integer', anchor_lost: 'boolean' },
  indexes: [['state', 'touched_at'], ['started_at'], ['anchor_lost']],
}
const keys: Declaration<KeyDoc> = { name: 'session_signing_keys', fields: {}, secret: true }
const manifests: Declaration<ManifestDoc> = { name: 'session_manifests', fields: {} }
const audit: Declaration<AuditDoc> = {
  name: 'session_audit',
  fields: { session: 'text', seq: 'integer' },
  required: ['session', 'seq'],
  unique: [['session', 'seq']],
}

/** All that session-orchestrator keeps. */
export const schema: StoreSchema = { collections: [sessions, keys, manifests, audit], migrations: [] }

/** The collections of session-orchestrator, on a store or inside a transaction of it. */
export const tables = (store: Store) => ({
  sessions: store.collection(sessions),
  keys: store.collection(keys),
  manifests: store.collection(manifests),
  audit: store.collection(audit),
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

/** Adds an event to a session's audit chain; answers the new link, whose hash is the audit root. */
export const appendAudit = async (
  own: Tables,
  session: string,
  event: string,
  at: number,
): Promise<AuditLink> => {
  const [before] = await own.audit.find({ where: { session }, sort: [['seq', 'desc']], limit: 1 })
  const link = nextLink(session, before, event, at)
  await own.audit.insert({ id: `${session}/${link.seq}`, session, ...link })
  return link
}
