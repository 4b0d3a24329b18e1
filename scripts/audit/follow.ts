import { entryFault, type LogEntry, type Tip } from '#common/audit/entry'
import { type SignedHead, verifyHead } from '#common/audit/head'
import { restoreOf } from '#common/audit/restored'
import { type RestoreMark, verifyMark } from '#common/backup/restore-mark'
import { formatTime } from '#common/evidence/times'

/**
 * What is known of a stream by others than itself: the public keys (hex) of its service and of the operator, and the heads
 * that were ever seen: the newest, and those that restores took the entries of.
 */
export type Known = {
  readonly key: string | undefined
  readonly operator: string | undefined
  readonly seen: readonly SignedHead[]
}

/**
 * A stream after its last page. `faults` = what is wrong with it and where; empty when it is whole. `restores` = which
 * backups it was put back to, a sentence each; `taken` = the seen heads whose entries that explains.
 */
export type Followed = {
  readonly entries: number
  readonly faults: readonly string[]
  readonly restores: readonly string[]
  readonly taken: readonly SignedHead[]
}

type Restore = RestoreMark & { readonly seq: number }

/** Faults of one stream that are told at most: behind the first everything may be out of place. */
const MOST_FAULTS = 20

/** What a head says of an entry that is another one by now. */
const differs = (head: SignedHead, what: string): string =>
  `entry ${head.seq} is not the one ${what} (${formatTime(head.at)}): the stream was rewritten up to there, or replaced`

const cutOff = (from: number, to: number, whose: string): string =>
  `the end is cut off: entries ${from} to ${to} are gone, whose head was ${whose}`

/** True where a restore explains that a head's entry is gone: it was signed after that state, before the restore, and the stream goes on before it. */
const explains = ({ seq, state_of, restored_at }: Restore, head: SignedHead): boolean =>
  seq <= head.seq && state_of < head.at && head.at <= restored_at

const describeRestore = ({ seq, backup, state_of, restored_at }: Restore, taken: readonly SignedHead[]): string => {
  const last = Math.max(...taken.map((head) => head.seq))
  const gone = taken.length === 0 ? 'what was written in between is' : `entries ${seq} to ${last} of before are`
  return `restored ${formatTime(restored_at)} from the backup ${backup} of ${formatTime(state_of)}: ${gone} gone`
}

/** Follows a stream page by page, and holds it against the heads that its service signed. Keeps no entry. */
export const followStream = (service: string, { key, operator, seen }: Known) => {
  const faults: string[] = []
  const restores: Restore[] = []
  const missing = new Set(seen)
  /** Where entries are missing, and which of them stood further behind. */
  const holes: { from: number; to: number; fault: string; found: Set<number> }[] = []
  /** The entry that stands furthest in the stream by its number. */
  let last: Tip | undefined
  let count = 0
  const tell = (fault: string | undefined): void => {
    if (fault !== undefined && faults.length < MOST_FAULTS) faults.push(fault)
  }
  const isSigned = (head: SignedHead): boolean => key !== undefined && verifyHead(head, key)
  /** Heads of the newest page, by entry. */
  const heads = new Map<number, SignedHead>()

  const takeRestore = (entry: LogEntry): void => {
    const mark = restoreOf(entry)
    if (mark === undefined) return
    if (mark !== 'unreadable' && verifyMark(service, mark, operator)) restores.push({ ...mark, seq: entry.seq })
    else tell(`entry ${entry.seq} says that a backup was restored, and the operator's key did not sign that`)
  }
  const judge = (entry: LogEntry): void => {
    const before = last
    const hole = holes.find(({ from, to }) => from <= entry.seq && entry.seq <= to)
    if (before !== undefined && entry.seq < before.seq && hole !== undefined) {
      tell(`entry ${entry.seq} stands behind entry ${before.seq}: the stream was reordered`)
      hole.found.add(entry.seq)
      const at = hole.found.size > hole.to - hole.from ? faults.indexOf(hole.fault) : -1
      // It is all there: nothing is missing.
      if (at >= 0) faults.splice(at, 1)
    } else {
      const fault = entryFault(service, before, entry)
      const from = (before?.seq ?? -1) + 1
      if (fault && entry.seq > from && holes.length < MOST_FAULTS)
        holes.push({ from, to: entry.seq - 1, fault, found: new Set() })
      tell(fault)
    }
    const head = heads.get(entry.seq)
    if (head !== undefined && head.hash !== entry.hash) tell(differs(head, 'that was signed'))
    for (const one of missing) if (one.seq === entry.seq && one.hash === entry.hash) missing.delete(one)
    takeRestore(entry)
    if (before === undefined || entry.seq >= before.seq) last = { seq: entry.seq, hash: entry.hash }
    count += 1
  }
  const judgeSeen = (head: SignedHead, end: number): void => {
    const isBehind = head.seq > end
    const cut = cutOff(end + 1, head.seq, `seen before (${formatTime(head.at)})`)
    tell(isBehind ? cut : differs(head, 'whose head was seen before'))
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
      if (seen.some((one) => one.public_key !== key)) tell(`the identity of ${service} is another one than before`)
      const end = last?.seq ?? -1
      const taken = [...missing].filter((one) => restores.some((restore) => explains(restore, one)))
      for (const one of missing) if (!taken.includes(one)) judgeSeen(one, end)
      if (head !== undefined && end < head.seq) tell(cutOff(end + 1, head.seq, 'signed'))
      const told = restores.map((one) =>
        describeRestore(
          one,
          taken.filter((head) => explains(one, head)),
        ),
      )
      return { entries: count, faults, restores: told, taken }
    },
  }
}
