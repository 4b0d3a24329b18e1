import { blake3 } from '#common/engines/blake3'
import { type AuditEntry, GENESIS } from '#common/evidence/audit-event'
import { canonicalBytes } from '#common/evidence/canonical-json'

/** An event of a chain that a release without bodies began: it goes on so, without audit.jsonl. Times epoch ms. */
export type AuditLink = {
  readonly seq: number
  readonly at: number
  readonly event: string
  /** Hash of the event before; 64 zeros for the first. */
  readonly prev: string
  readonly hash: string
}

const hashOf = (session: string, link: Omit<AuditLink, 'hash'>) => blake3(canonicalBytes({ session, ...link })).toHex()

/** The next link: hash = BLAKE3 of the RFC 8785 form of { session, seq, at, event, prev }. */
export const nextLink = (
  session: string,
  before: Pick<AuditLink, 'seq' | 'hash'> | undefined,
  event: string,
  at: number,
): AuditLink => {
  const link = { seq: (before?.seq ?? -1) + 1, at, event, prev: before?.hash ?? GENESIS }
  return { ...link, hash: hashOf(session, link) }
}

/** The first link that does not follow from those before it, or undefined when the chain is whole. */
export const brokenLink = (session: string, links: readonly AuditLink[]): AuditLink | undefined =>
  links.find(({ hash, ...link }, at) => {
    const before = links[at - 1]
    const follows = link.seq === at && link.prev === (before?.hash ?? GENESIS)
    return !follows || hashOf(session, link) !== hash
  })

/** An event as those chains say it. */
export const describeEntry = ({ type, body }: AuditEntry): string =>
  typeof body['reason'] === 'string' ? `${type}: ${body['reason']}` : type
