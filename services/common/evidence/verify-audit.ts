import { isFault } from '../process/fault.ts'
import { auditAgreement } from './audit-agreement.ts'
import { type AuditEvent, eventFault } from './audit-event.ts'
import { LONGEST_AUDIT, MOST_EVENTS, parseEvent, readLines } from './audit-lines.ts'
import { AUDIT_NAME } from './bundle.ts'
import { type Check, listFaults } from './check.ts'
import type { Manifest } from './manifest.ts'
import { checkPolicy } from './policy-proof.ts'
import type { Reader } from './reader.ts'
import type { Scan } from './scan.ts'

/** What audit.jsonl comes to. `withheld` = of how many events the body is not there; `all` in a bundle without audit.jsonl. */
export type AuditReport = { readonly checks: readonly Check[]; readonly withheld: number | 'all' }

const readEvent = (bytes: Uint8Array | undefined): AuditEvent | string => {
  if (bytes === undefined) return 'it has no end'
  try {
    return parseEvent(bytes)
  } catch (error) {
    if (isFault(error)) return error.message
    throw error
  }
}

type Walk = {
  events: number
  withheld: number
  last: AuditEvent | undefined
  /** Body of the event `policy-set`. */
  policy: unknown
}

/** Follows the chain; the first fault as a sentence, behind which nothing can be judged. */
const walkChain = async (
  lines: AsyncIterable<Uint8Array | undefined>,
  session: string,
  { walk, take }: { readonly walk: Walk; readonly take: (event: AuditEvent) => void },
): Promise<string | undefined> => {
  for await (const bytes of lines) {
    const line = `line ${walk.events + 1} of ${AUDIT_NAME}`
    if (walk.events === MOST_EVENTS) return `${AUDIT_NAME} has more lines than a session has events`
    const event = readEvent(bytes)
    if (typeof event === 'string') return `${line}: ${event}`
    if (walk.last?.type === 'sealed') return `${line} stands behind the event that seals the session`
    const fault = eventFault(session, walk.last, event)
    if (fault !== undefined) return `${line}: ${fault}`
    take(event)
    walk.events += 1
    walk.last = event
    if (event.body === undefined) walk.withheld += 1
    if (event.type === 'policy-set') walk.policy = event.body
  }
  return undefined
}

const rootFaults = ({ audit_root }: Manifest, { last }: Walk): readonly string[] => {
  if (last?.hash === audit_root) return []
  const end = last === undefined ? 'it is empty' : `it ends at event ${last.seq} (${last.type})`
  return [`${AUDIT_NAME} is cut off or another one: ${end}, which is not the end that audit_root names`]
}

/**
 * A bundle without audit.jsonl: nothing of a session under a policy shows what that was and what came of it, a breach even.
 * Without a policy it may be of an older release, which wrote none, and what the recording is stands without it.
 */
const withoutAudit = ({ policy_hash }: Manifest): AuditReport => {
  const detail = `the session had a policy, and ${AUDIT_NAME}, which shows what it was and what came of it, is not in the bundle`
  return { checks: policy_hash === null ? [] : [{ check: 'audit', ok: 'incomplete', detail }], withheld: 'all' }
}

/**
 * The lines on audit.jsonl and on the policy that stands in it. Read a window at a time, bounded before it is parsed.
 * Throws only what the reader throws.
 */
export const checkAudit = async (reader: Reader, { entries }: Scan, manifest: Manifest): Promise<AuditReport> => {
  const entry = entries.find(({ name }) => name === AUDIT_NAME)
  if (entry === undefined) return withoutAudit(manifest)
  const walk: Walk = { events: 0, withheld: 0, last: undefined, policy: undefined }
  const { take, faults: differences } = auditAgreement(manifest)
  const fault =
    entry.size > LONGEST_AUDIT
      ? `${AUDIT_NAME} has ${entry.size} bytes: more than it can need`
      : await walkChain(readLines(reader, entry), manifest.session_id, { walk, take })
  const cut = fault === undefined ? rootFaults(manifest, walk) : [fault]
  // What a cut chain does not say is no contradiction.
  const faults = cut.length > 0 ? cut : differences()
  if (faults.length > 0) return { checks: listFaults('audit', faults), withheld: 0 }
  const detail = `${walk.events} events proven, ${walk.withheld} withheld`
  const policy = checkPolicy(manifest, walk.policy)
  return { checks: [{ check: 'audit', ok: true, detail }, ...policy], withheld: walk.withheld }
}
