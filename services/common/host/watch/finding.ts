/** `unknown`: it was asked and could not be judged. That is never well. */
export type FindingState = 'ok' | 'warn' | 'bad' | 'unknown'

/** One thing that is watched, and how it is. */
export type Finding = {
  /** A service by its name, else `kind:name`: stable from check to check. */
  readonly subject: string
  readonly state: FindingState
  /** Why; for `ok` what there is to say, often nothing. */
  readonly detail: string
  /** The command or the step that mends it; empty when it is well. */
  readonly remedy: string
}

/** How a finding is without its subject. */
export type Verdict = Omit<Finding, 'subject'>

export const ok = (detail = ''): Verdict => ({ state: 'ok', detail, remedy: '' })
const as =
  (state: FindingState) =>
  (detail: string, remedy: string): Verdict => ({ state, detail, remedy })
export const warn = as('warn')
export const bad = as('bad')
export const unknown = as('unknown')

/** All of it together: `unknown` weighs as a warning. */
export const worst = (findings: readonly Finding[]): 'ok' | 'warn' | 'bad' => {
  if (findings.some(({ state }) => state === 'bad')) return 'bad'
  return findings.every(({ state }) => state === 'ok') ? 'ok' : 'warn'
}
