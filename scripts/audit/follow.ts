import { entryFault, type LogEntry, type Tip } from '#common/audit/entry'
import { type SignedHead, verifyHead } from '#common/audit/head'
import { formatTime } from '#common/evidence/times'

/** What is known of a stream from elsewhere than itself: the identity's public key (hex), and the newest head ever seen. */
export type Known = { readonly key: string | undefined; readonly seen: SignedHead | undefined }

/** A stream after its last page. `faults` = what is wrong with it and where; empty when it is whole. */
export type Followed = { readonly entries: number; readonly faults: readonly string[] }

/** Faults of one stream that are told at most: behind the first everything may be out of place. */
const MOST_FAULTS = 20

/** What a head says of an entry that is another one by now. */
const differs = (head: SignedHead, what: string): string =>
  `entry ${head.seq} is not the one ${what} (${formatTime(head.at)}): the stream was rewritten up to there, or replaced`

/** Follows a stream page by page, and holds it against the heads that its service signed. Keeps no entry. */
export const followStream = (service: string, { key, seen }: Known) => {
  const faults: string[] = []
  let last: Tip | undefined
  let count = 0
  const tell = (fault: string | undefined): void => {
    if (fault !== undefined && faults.length < MOST_FAULTS) faults.push(fault)
  }
  const isSigned = (head: SignedHead): boolean => key !== undefined && verifyHead(head, key)
  /** Heads of the newest page, by entry. */
  const heads = new Map<number, SignedHead>()

  const judge = (entry: LogEntry): void => {
    tell(entryFault(service, last, entry))
    const head = heads.get(entry.seq)
    if (head !== undefined && head.hash !== entry.hash) tell(differs(head, 'that was signed'))
    if (seen?.seq === entry.seq && seen.hash !== entry.hash) tell(differs(seen, 'whose head was seen before'))
    last = { seq: entry.seq, hash: entry.hash }
    count += 1
  }
  return {
    take: (entries: readonly LogEntry[], signed: readonly SignedHead[]): void => {
      heads.clear()
      for (const head of signed) {
        heads.set(head.seq, head)
        if (!isSigned(head)) tell(`the head of entry ${head.seq} is not signed by the identity of ${service}`)
      }
      for (const entry of entries) judge(entry)
    },
    /** `head` = what the service signed for its end before the first page; undefined where it says that there is none. */
    end: (head: SignedHead | undefined): Followed => {
      if (head !== undefined && !isSigned(head)) tell(`the newest head is not signed by the identity of ${service}`)
      const end = Math.max(head?.seq ?? -1, seen?.seq ?? -1)
      if ((last?.seq ?? -1) < end)
        tell(
          `the end is cut off: entries ${(last?.seq ?? -1) + 1} to ${end} are gone, whose head was ${seen?.seq === end ? `seen before (${formatTime(seen.at)})` : 'signed'}`,
        )
      return { entries: count, faults }
    },
  }
}
