import { parseJson, readCount, readObject } from '../facts/values.ts'
import type { Finding } from '../finding.ts'

/** A subject that is in another state than last time; `unseen` before the first time. */
export type Change = { readonly subject: string; readonly from: string; readonly to: string; readonly detail: string }

/** Something that only grows while `id` (a container, a kernel) is the same. */
export type Count = { readonly id: string; readonly count: number }
export type Counts = ReadonlyMap<string, Count>

/** What the log says: the last states and counts, and the changes the webhook was not told of. */
export type History = {
  readonly states: ReadonlyMap<string, string>
  readonly counts: Counts
  readonly untold: readonly Change[]
}

export const CHANGED = 'state-changed'
export const COUNTED = 'counted'
export const WEBHOOK_TOLD = 'webhook-told'

const UNSEEN = 'unseen'

/** The state of a subject that there is no more. */
export const GONE = 'gone'

/** A webhook that was out of order for long gets the latest changes, not all of them. */
const MOST_UNTOLD = 100

/** Reads the log back. Lines that are not ours, or that a crash or a full disk cut, are skipped. */
export const readHistory = (text: string): History => {
  const states = new Map<string, string>()
  const counts = new Map<string, Count>()
  let untold: Change[] = []
  for (const line of text.split('\n')) {
    const { event, subject, from, to, detail, id, count } = readObject(parseJson(line))
    if (event === WEBHOOK_TOLD) untold = []
    if (typeof subject !== 'string') continue
    const number = readCount(count)
    if (event === COUNTED && number !== undefined) counts.set(subject, { id: String(id), count: number })
    if (event !== CHANGED || typeof to !== 'string') continue
    states.set(subject, to)
    const change = { subject, from: String(from), to, detail: String(detail ?? '') }
    if (isNews(change)) untold.push(change)
  }
  return { states, counts, untold: untold.slice(-MOST_UNTOLD) }
}

/** What is new since the last check. `all`: everything was looked at, so what is not among the findings is gone. */
export const findChanges = (
  findings: readonly Finding[],
  states: ReadonlyMap<string, string>,
  { all }: { readonly all: boolean },
): readonly Change[] => {
  const found = new Set(findings.map(({ subject }) => subject))
  const gone = [...states].filter(([subject, state]) => all && !found.has(subject) && state !== 'ok' && state !== GONE)
  return [
    ...findings.map(({ subject, state, evidence }) => ({
      subject,
      from: states.get(subject) ?? UNSEEN,
      to: state,
      detail: evidence,
    })),
    ...gone.map(([subject, from]) => ({ subject, from, to: GONE, detail: 'it is no longer there' })),
  ].filter(({ from, to }) => from !== to)
}

/** A subject that is well when it is first seen is no news. */
export const isNews = ({ from, to }: Change): boolean => !(from === UNSEEN && to === 'ok')

/** By how much it grew; 0 when it was not counted before, or was something else. */
export const grownBy = (counts: Counts, subject: string, { id, count }: Count): number => {
  const before = counts.get(subject)
  return before !== undefined && before.id === id ? Math.max(count - before.count, 0) : 0
}
