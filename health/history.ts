import type { Result } from '../services/common/probe.ts'

/** A service that is in another state than last time. `unknown` is the state before the first check. */
export type Change = {
  readonly subject: string
  readonly from: string
  readonly to: string
  readonly detail: string
}

/** What the log says: the last state of each service, and the changes the webhook was not told of. */
export type History = {
  readonly states: ReadonlyMap<string, string>
  readonly untold: readonly Change[]
}

export const CHANGED = 'state-changed'
export const TOLD = 'webhook-told'

/** A webhook that was out of order for long gets the latest changes, not all of them. */
const MOST_UNTOLD = 100

const lineOf = (line: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  } catch {
    // The last line may have been cut by a crash or a full disk; the next change writes a whole one.
    return {}
  }
}

/** Reads the log back. Lines that are not ours are skipped. */
export const readHistory = (text: string): History => {
  const states = new Map<string, string>()
  let untold: Change[] = []
  for (const line of text.split('\n')) {
    const { event, subject, from, to, detail } = lineOf(line)
    if (event === TOLD) untold = []
    if (event !== CHANGED || typeof subject !== 'string' || typeof to !== 'string') continue
    states.set(subject, to)
    const change = { subject, from: String(from), to, detail: String(detail ?? '') }
    if (isNews(change)) untold.push(change)
  }
  return { states, untold: untold.slice(-MOST_UNTOLD) }
}

/** What is new since the last check. */
export const changesOf = (
  results: readonly Result[],
  states: ReadonlyMap<string, string>,
): readonly Change[] =>
  results
    .map(({ name, state, detail }) => ({
      subject: name,
      from: states.get(name) ?? 'unknown',
      to: state,
      detail,
    }))
    .filter(({ from, to }) => from !== to)

/** A service that is well, or left out, when it is first seen is no news. */
export const isNews = ({ from, to }: Change): boolean =>
  !(from === 'unknown' && (to === 'healthy' || to === 'absent'))
