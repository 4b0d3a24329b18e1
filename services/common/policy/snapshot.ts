import { type Static, Type } from '@sinclair/typebox'
import { blake3 } from '../engines/blake3.ts'
import { canonicalBytes, canonicalReader } from '../evidence/canonical-json.ts'
import { Hex32, TronAddress } from '../evidence/fields.ts'
import { isOwner } from '../evidence/owner.ts'
import { Fault } from '../process/fault.ts'

/** The largest clipboard content, and the largest file or print job, bytes (SPEC section 7). */
export const CLIPBOARD_CAP = 64 * 1024
export const FILE_CAP = 25_000_000
const DAY = 24 * 3600 * 1000
/** How long a policy may be in force, ms. */
export const LONGEST_VALIDITY = 30 * DAY

const strict = { additionalProperties: false } as const
/** Up to the year 2100, so that every time can be written as a date. */
const Time = Type.Integer({ minimum: 0, maximum: 4_102_444_800_000, description: 'epoch ms' })
/** `denied` for good, `on_request` until somebody approves a request, or `allowed`. */
const Access = Type.Union([Type.Literal('denied'), Type.Literal('on_request'), Type.Literal('allowed')])
const upTo = (cap: number) => Type.Integer({ minimum: 1, maximum: cap, description: 'bytes of one item at most' })
const people = (most: number) => Type.Array(TronAddress, { maxItems: most, uniqueItems: true })

/** What may pass between people and a session, by channel and by direction: into the session, or out of it. */
const Channels = Type.Object(
  {
    input: Type.Object({ to_session: Access }, strict),
    clipboard: Type.Object({ to_session: Access, from_session: Access, max_bytes: upTo(CLIPBOARD_CAP) }, strict),
    files: Type.Object({ to_session: Access, from_session: Access, max_bytes: upTo(FILE_CAP) }, strict),
    audio: Type.Object({ to_session: Access, from_session: Access }, strict),
    printing: Type.Object({ from_session: Access, max_bytes: upTo(FILE_CAP) }, strict),
  },
  strict,
)
export type Channels = Static<typeof Channels>

/**
 * A policy as its owner signs it. It names no session: one may be signed before there is any, and serve several while
 * it is in force. `on_violation`: what becomes of a session in which somebody tries what the policy denies.
 */
export const PolicySnapshot = Type.Object(
  {
    v: Type.Literal(1),
    nonce: Hex32,
    owner: TronAddress,
    created_at: Time,
    valid_until: Time,
    channels: Channels,
    /** Who may join beside the owner, who may only watch, and who may approve the requests of others. */
    participants: people(30),
    observers: people(30),
    approvers: people(10),
    on_violation: Type.Union([Type.Literal('block'), Type.Literal('void')]),
  },
  strict,
)
export type PolicySnapshot = Static<typeof PolicySnapshot>

export type Channel = keyof Channels
export type Direction = 'to_session' | 'from_session'

const read = canonicalReader('policy', PolicySnapshot)

const invalid = (code: string, detail: string): Fault => new Fault('invalid', code, detail)

/** Throws Fault `policy-address`, `policy-validity`, `policy-people` for a policy that contradicts itself. */
const checkSnapshot = (policy: PolicySnapshot): void => {
  const { owner, participants, observers, approvers, created_at, valid_until } = policy
  const wrong = [owner, ...participants, ...observers, ...approvers].find((address) => !isOwner(address))
  if (wrong !== undefined)
    throw invalid('policy-address', `${wrong} in the policy is no TRON address: its checksum is wrong`)
  if (valid_until <= created_at || valid_until - created_at > LONGEST_VALIDITY)
    throw invalid('policy-validity', `a policy is valid for at most ${LONGEST_VALIDITY / DAY} days from its creation`)
  const twice = observers.find((address) => address === owner || participants.includes(address))
  if (twice !== undefined)
    throw invalid('policy-people', `${twice} cannot be both an observer and a participant of one policy`)
}

/**
 * A policy out of its canonical bytes. Throws Fault `invalid`: `policy-too-large`, `policy-not-json`, `policy-schema`,
 * `policy-not-canonical`, `policy-address`, `policy-validity`, `policy-people`.
 */
export const readPolicy = (bytes: Uint8Array): PolicySnapshot => {
  const policy = read(bytes)
  checkSnapshot(policy)
  return policy
}

/** The bytes that are hashed: RFC 8785 canonical JSON. */
export const policyBytes = (policy: PolicySnapshot): Uint8Array<ArrayBuffer> => canonicalBytes(policy)

/** The manifest's policy_hash: BLAKE3 of the canonical bytes, hex. */
export const policyHash = (bytes: Uint8Array): string => blake3(bytes).toHex()
