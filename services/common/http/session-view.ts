import { t } from 'elysia'
import { Hex32, Natural, SessionId, TronAddress } from '../evidence/fields.ts'
import { Gap } from '../evidence/manifest.ts'

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

const Anchor = t.Object({
  tx_hash: Hex32,
  block: t.Object({ number: Natural, hash: Hex32 }),
})

/** Whom the policy of a session names. */
const PolicyPeople = t.Object({
  hash: Hex32,
  participants: t.Array(TronAddress),
  observers: t.Array(TronAddress),
  approvers: t.Array(TronAddress),
})

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
