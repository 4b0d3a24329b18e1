import { type Static, Type } from '@sinclair/typebox'
import { blake3 } from '../engines/blake3.ts'
import { GENESIS } from '../evidence/audit-event.ts'
import { canonicalBytes } from '../evidence/canonical-json.ts'
import { Hex32, Natural } from '../evidence/fields.ts'
import { concat, utf8 } from '../stream/bytes.ts'

const Text = (maxLength: number) => Type.String({ maxLength })

/** What was done: a route by its pattern, or an action that a service names itself. No secret, no content. */
export const AuditAction = Type.Object({
  action: Text(200),
  /** The identity that called: a service, the operator, or `person`. */
  caller: Type.Optional(Text(64)),
  /** The TRON address of the person who acted. */
  actor: Type.Optional(Text(64)),
  params: Type.Record(Text(64), Type.Union([Text(200), Type.Number(), Type.Boolean()])),
  /** Why, as X-Reason of the request said. */
  reason: Type.Optional(Text(200)),
  request_id: Type.Optional(Text(64)),
  status: Type.Optional(Type.Integer({ minimum: 100, maximum: 599 })),
})
export type AuditAction = Static<typeof AuditAction>

/** An action at its place in the stream of a service. Times epoch ms. */
export const LogEntry = Type.Object({
  ...AuditAction.properties,
  seq: Natural,
  at: Natural,
  /** Hash of the entry before; 64 zeros for the first. */
  prev: Hex32,
  hash: Hex32,
})
export type LogEntry = Static<typeof LogEntry>

const ENTRY_DOMAIN = utf8('lucid/audit/entry/v1\0')

/** BLAKE3("lucid/audit/entry/v1" 0x00 || RFC 8785 JSON of the entry without `hash`, with `service`), hex. */
export const hashEntry = (service: string, entry: Omit<LogEntry, 'hash'>): string =>
  blake3(concat(ENTRY_DOMAIN, canonicalBytes({ service, ...entry }))).toHex()

/** The last entry of a stream, by which the next is chained. */
export type Tip = Pick<LogEntry, 'seq' | 'hash'>

/** The entry after `before`. */
export const nextEntry = (service: string, before: Tip | undefined, action: AuditAction, at: number): LogEntry => {
  const entry = { ...action, seq: (before?.seq ?? -1) + 1, at, prev: before?.hash ?? GENESIS }
  return { ...entry, hash: hashEntry(service, entry) }
}

/** Why an entry does not follow the one before, as a sentence; undefined when it does. */
export const entryFault = (
  service: string,
  before: Tip | undefined,
  { hash, ...entry }: LogEntry,
): string | undefined => {
  const seq = (before?.seq ?? -1) + 1
  if (entry.seq > seq) return `entries ${seq} to ${entry.seq - 1} are missing`
  if (entry.seq < seq) return `entry ${entry.seq} stands where entry ${seq} belongs`
  if (hashEntry(service, entry) !== hash) return `entry ${seq} was altered`
  if (entry.prev !== (before?.hash ?? GENESIS))
    return `entry ${seq} does not follow the one before it: one of them was replaced`
  return undefined
}
