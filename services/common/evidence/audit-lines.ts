import { concat, free } from '../stream/bytes.ts'
import { AuditEvent, LONGEST_BODY } from './audit-event.ts'
import { canonicalBytes, canonicalReader, SMALL_DOCUMENT } from './canonical-json.ts'
import type { Reader } from './reader.ts'
import type { Entry } from './scan.ts'

/** audit.jsonl: one canonical event a line, each ended by a line feed, up to the one that the manifest's audit_root is over. */

/** Bytes of a line at most: the body and what stands around it. */
const LONGEST_LINE = LONGEST_BODY + 1024
/** Events of a session at most: session-orchestrator writes fewer. */
export const MOST_EVENTS = 65_536
/** Bytes of audit.jsonl at most; nothing of a larger one is read. */
export const LONGEST_AUDIT = 64 * 1024 * 1024

const AT_ONCE = 256 * 1024
const LINE_FEED = 0x0a

/** The bytes of audit.jsonl. */
export const encodeAudit = (events: readonly AuditEvent[]): Uint8Array<ArrayBuffer> =>
  concat(...events.flatMap((event) => [canonicalBytes(event), Uint8Array.of(LINE_FEED)]))

/** An event as session-orchestrator answers it: one without a type is of a session that an older release opened. */
type Answered = AuditEvent | { readonly seq: number; readonly event: string }

/** The event without what it says: its digest stands in the chain for it. */
const withholdBody = ({ body: _, salt: __, ...event }: AuditEvent): AuditEvent => event

/**
 * audit.jsonl of a session out of pages of its chain, each behind the event `after`, without the bodies of the types
 * `withheld`; undefined for a session that an older release opened, and for one that was never sealed.
 */
export const collectAudit = async (
  page: (after: number | undefined) => Promise<readonly Answered[]>,
  withheld: readonly string[] = [],
): Promise<Uint8Array<ArrayBuffer> | undefined> => {
  const events: AuditEvent[] = []
  for (;;) {
    const answered = await page(events.at(-1)?.seq)
    if (answered.length === 0) return undefined
    for (const event of answered) {
      if (!('type' in event)) return undefined
      events.push(withheld.includes(event.type) ? withholdBody(event) : event)
      if (event.type === 'sealed') return encodeAudit(events)
    }
  }
}

/** Reads a line without its line feed. Throws Fault `event-*`, as `canonicalReader`. */
export const parseEvent = canonicalReader('event', AuditEvent, { ...SMALL_DOCUMENT, size: LONGEST_LINE })

/** The lines of an entry, a window of it in memory at a time. The last is undefined where it has no end within a line's length. */
export async function* readLines(reader: Reader, { at, size }: Entry): AsyncGenerator<Uint8Array | undefined> {
  let rest = new Uint8Array()
  for (let done = 0; done < size; ) {
    const window = await reader.read(at + done, Math.min(AT_ONCE, size - done))
    done += window.length
    const bytes = concat(rest, window)
    free(window)
    let from = 0
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, from)) {
      yield bytes.subarray(from, end)
      from = end + 1
    }
    rest = bytes.slice(from)
    if (rest.length > LONGEST_LINE) break
  }
  if (rest.length > 0) yield undefined
}
