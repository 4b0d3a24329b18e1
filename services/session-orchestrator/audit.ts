import { TypeCompiler } from '@sinclair/typebox/compiler'
import { blake3 } from '#common/engines/blake3'
import { type AuditEntry, AuditEvent, eventFault, GENESIS } from '#common/evidence/audit-event'
import { canonicalBytes } from '#common/evidence/canonical-json'
import type { AuditLink as Link, SessionAudit } from '#common/http/session-model'
import { Fault } from '#common/process/fault'

export type AuditLink = typeof Link.static
type Page = typeof SessionAudit.static
type Event = AuditEvent | AuditLink
type Before = Pick<AuditLink, 'seq' | 'hash'> | undefined

const hashOf = (session: string, link: Omit<AuditLink, 'hash'>) => blake3(canonicalBytes({ session, ...link })).toHex()

/** The next link: hash = BLAKE3 of the RFC 8785 form of { session, seq, at, event, prev }. */
export const nextLink = (session: string, before: Before, event: string, at: number): AuditLink => {
  const link = { seq: (before?.seq ?? -1) + 1, at, event, prev: before?.hash ?? GENESIS }
  return { ...link, hash: hashOf(session, link) }
}

const linkFault = (session: string, before: Before, { hash, ...link }: AuditLink): string | undefined => {
  const seq = (before?.seq ?? -1) + 1
  if (link.seq !== seq || link.prev !== (before?.hash ?? GENESIS))
    return `event ${link.seq} does not follow event ${seq - 1}`
  return hashOf(session, link) === hash ? undefined : `event ${seq} (${link.event}) was altered`
}

/** The first event that does not follow from those before it, and why; undefined when all do. */
export const chainFault = (session: string, events: readonly Event[], start?: Before): Page['fault'] => {
  let before = start
  for (const event of events) {
    const detail = 'event' in event ? linkFault(session, before, event) : eventFault(session, before, event)
    if (detail !== undefined) return { seq: event.seq, detail }
    before = event
  }
  return undefined
}

const typeOf = (event: Event): string => ('event' in event ? event.event : event.type)

const isEvent = TypeCompiler.Compile(AuditEvent)

/**
 * A page of a chain with where it breaks: `found` begins with the event `after`, if that is there. `root` = the hash of its
 * event `sealed` as the manifest has it. The end of a chain without a manifest may be gone unnoticed: nothing names it.
 * Throws Fault conflict `audit-altered` for what is no event any more.
 */
export const checkPage = (
  session: string,
  found: readonly Event[],
  {
    after,
    limit,
    root,
  }: { readonly after?: number | undefined; readonly limit: number; readonly root?: string | undefined },
): Page => {
  const [first] = found
  const isKnown = first !== undefined && first.seq === after
  const start = isKnown ? first : after === undefined ? undefined : { seq: after, hash: '' }
  const events = found.slice(isKnown ? 1 : 0).slice(0, limit)
  const odd = events.find((event): boolean => !('event' in event || isEvent.Check(event)))
  if (odd) throw new Fault('conflict', 'audit-altered', `event ${odd.seq} was altered: it is no event any more`)
  const last = events.at(-1) ?? first
  const end = (last?.seq ?? -1) + 1
  const sealed = events.find((event) => typeOf(event) === 'sealed')
  const isEnd = events.length < limit
  // What comes behind the seal.
  const isWhole = last === undefined ? after !== undefined : !root || /^(?:sealed|anchor|failed)/.test(typeOf(last))
  const missing = isEnd && !isWhole ? { seq: end, detail: `event ${end} and all behind it are missing` } : undefined
  const other = root !== undefined && sealed !== undefined && sealed.hash !== root
  const fault =
    chainFault(session, events, start) ??
    (other
      ? { seq: sealed.seq, detail: `event ${sealed.seq} (sealed) is not the one that the manifest names` }
      : missing)
  return { events, ...(fault && { fault }) }
}

/** An event as those chains say it. */
export const describeEntry = ({ type, body }: AuditEntry): string =>
  typeof body['reason'] === 'string' ? `${type}: ${body['reason']}` : type
