import { t } from 'elysia'
import { Hex32, Natural, SessionId, TronAddress } from '../evidence/fields.ts'
import { Gap } from '../evidence/manifest.ts'
import { SignedPolicy } from '../policy/signature.ts'

/** A session as session-orchestrator shows it, and the public API. */

/** The states of a session, and the steps of what comes after its end (SPEC section 4). */
export const states = [
  'created',
  'active',
  'paused',
  'finalizing',
  'anchoring',
  'anchored',
  'voided',
  'failed',
  'expired',
] as const
export const steps = [
  'initialized',
  'chunking',
  'encrypting',
  'merkle_building',
  'anchoring',
  'completed',
  'failed',
] as const
export type State = (typeof states)[number]

const Anchor = t.Object({ tx_hash: Hex32, block: t.Object({ number: Natural, hash: Hex32 }) })

/** Whom the policy of a session names. */
const PolicyPeople = t.Object({
  hash: Hex32,
  participants: t.Array(TronAddress),
  observers: t.Array(TronAddress),
  approvers: t.Array(TronAddress),
})

const People = t.Optional(t.Array(TronAddress, { maxItems: 100, uniqueItems: true }))

/** Who owns a session that is to be, and who may join; with an X25519 key its key is also sealed to its owner. */
export const Opening = t.Object({
  /** Chosen by who asks, so that asking again opens no second one. */
  id: t.Optional(SessionId),
  owner: TronAddress,
  owner_x25519: t.Optional(Hex32),
  participants: People,
  observers: People,
  /** What people may do in it, signed by the owner; says who may join, instead of the two above. */
  policy: t.Optional(SignedPolicy),
})
export type Opening = typeof Opening.static

export const Session = t.Object({
  id: SessionId,
  state: t.UnionEnum(states),
  pipeline: t.Optional(t.UnionEnum(steps)),
  owner: TronAddress,
  participants: t.Array(TronAddress),
  observers: t.Array(TronAddress),
  started_at: Natural,
  ended_at: t.Optional(Natural),
  chunk_size: Natural,
  complete: t.Optional(t.Boolean()),
  gaps: t.Array(Gap),
  chunk_count: t.Optional(Natural),
  total_plain: t.Optional(Natural),
  merkle_root: t.Optional(Hex32),
  manifest_hash: t.Optional(Hex32),
  anchor: t.Optional(Anchor),
  error: t.Optional(t.String()),
  /** Whom the policy names; `participants` and `observers` above are those who were let in. */
  policy: t.Optional(PolicyPeople),
  /** Who paused it: nobody acts in it, and its recording goes on. */
  suspended_by: t.Optional(t.String()),
})
export type Session = typeof Session.static
