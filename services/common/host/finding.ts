/** `unknown`: it was asked and could not be judged. That is never well. */
export type FindingState = 'ok' | 'warn' | 'bad' | 'unknown'

/** One thing of a host that was judged. */
export type Finding = {
  /** A service by its name, else `kind:name` or `host`: stable from check to check. */
  readonly subject: string
  readonly state: FindingState
  /** What shows it; for `ok` what there is to say, often nothing. */
  readonly evidence: string
  /** The command or the step that repairs it; empty when it is well, or when nothing can be typed. */
  readonly remedy: string
}

/** How a finding is without its subject. */
export type Verdict = Omit<Finding, 'subject'>

export const ok = (evidence = ''): Verdict => ({ state: 'ok', evidence, remedy: '' })
const as =
  (state: FindingState) =>
  (evidence: string, remedy: string): Verdict => ({ state, evidence, remedy })
export const warn = as('warn')
export const bad = as('bad')
export const unknown = as('unknown')

/** All of it together: `unknown` weighs as a warning. */
export const worst = (findings: readonly Finding[]): 'ok' | 'warn' | 'bad' => {
  if (findings.some(({ state }) => state === 'bad')) return 'bad'
  return findings.every(({ state }) => state === 'ok') ? 'ok' : 'warn'
}
