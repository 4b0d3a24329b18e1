import { type Static, Type } from '@sinclair/typebox'
import { blake3 } from '../engines/blake3.ts'
import { concat, fromHex, utf8 } from '../stream/bytes.ts'
import { canonicalBytes } from './canonical-json.ts'
import { Hex32, Natural } from './fields.ts'

/**
 * The events of a session as audit.jsonl has them (SPEC section 4). Each is chained to the one before:
 * digest = BLAKE3("lucid/audit/body/v1" 0x00 || salt || body), hash = BLAKE3("lucid/audit/event/v1" 0x00 || { session, seq,
 * at, type, digest, prev }), both as RFC 8785 JSON. Whoever withholds a body takes away `salt` and `body`; the digest
 * stays, so the chain still proves the rest, and the salt keeps a short body from being guessed.
 */
export const auditTypes = [
  'created',
  'policy-set',
  'participant-admitted',
  'observer-admitted',
  'active',
  'paused',
  'request-made',
  'request-decided',
  'action-decided',
  'suspended',
  'resumed',
  'voided',
  'expired',
  'failed',
  'recording-ended',
  'recording-broken-off',
  'chunk-times',
  'gap',
  'sealed',
  'anchored',
  'anchor-lost',
] as const
export type AuditType = (typeof auditTypes)[number]

/** Bytes of a body at most, as canonical JSON. */
export const LONGEST_BODY = 4096

const AuditBody = Type.Record(Type.String({ maxLength: 64 }), Type.Unknown())
export const AuditEvent = Type.Object(
  {
    seq: Natural,
    at: Natural,
    type: Type.Unsafe<AuditType>(Type.Union(auditTypes.map((type) => Type.Literal(type)))),
    /** With `salt`, or withheld with it. */
    body: Type.Optional(AuditBody),
    salt: Type.Optional(Hex32),
    digest: Hex32,
    /** Hash of the event before; 64 zeros for the first. */
    prev: Hex32,
    hash: Hex32,
  },
  { additionalProperties: false },
)
export type AuditEvent = Static<typeof AuditEvent>

/** `prev` of a first event. */
export const GENESIS = '0'.repeat(64)

/** What happened, before it has its place in a chain. */
export type AuditEntry = { readonly type: AuditType; readonly body: Readonly<Record<string, unknown>> }

const BODY_DOMAIN = utf8('lucid/audit/body/v1\0')
const EVENT_DOMAIN = utf8('lucid/audit/event/v1\0')

/** The salted digest of a body, hex. */
export const digestBody = (salt: string, body: AuditEntry['body']): string =>
  blake3(concat(BODY_DOMAIN, fromHex(salt, 32), canonicalBytes(body))).toHex()

/** The hash of an event of a session, hex. */
export const hashEvent = (
  session: string,
  { seq, at, type, digest, prev }: Pick<AuditEvent, 'seq' | 'at' | 'type' | 'digest' | 'prev'>,
): string => blake3(concat(EVENT_DOMAIN, canonicalBytes({ session, seq, at, type, digest, prev }))).toHex()

/** The event after `before`. `salt` = 32 fresh random bytes as hex, `at` epoch ms. */
export const nextEvent = (
  session: string,
  before: Pick<AuditEvent, 'seq' | 'hash'> | undefined,
  { type, body, at, salt }: AuditEntry & { readonly at: number; readonly salt: string },
): AuditEvent => {
  const link = { seq: (before?.seq ?? -1) + 1, at, type, digest: digestBody(salt, body) }
  const event = { ...link, prev: before?.hash ?? GENESIS }
  return { ...event, body: { ...body }, salt, hash: hashEvent(session, event) }
}

/** Why an event does not follow the one before, as a sentence; undefined when it does. */
export const eventFault = (
  session: string,
  before: Pick<AuditEvent, 'seq' | 'hash'> | undefined,
  event: AuditEvent,
): string | undefined => {
  const seq = (before?.seq ?? -1) + 1
  if (event.seq !== seq) return `event ${event.seq} stands where event ${seq} belongs`
  if (event.prev !== (before?.hash ?? GENESIS)) return `event ${seq} does not follow the one before it`
  if ((event.body === undefined) !== (event.salt === undefined)) return `event ${seq} has only one of body and salt`
  if (event.body !== undefined && digestBody(event.salt ?? '', event.body) !== event.digest)
    return `event ${seq} (${event.type}): its body was altered`
  if (hashEvent(session, event) !== event.hash) return `event ${seq} (${event.type}) was altered`
  return undefined
}
