/** One line of a verification. `warn` = nothing wrong, but less proven than it could be. */
export type Check = {
  readonly check: 'structure' | 'manifest' | 'signature' | 'chunks' | 'anchor' | 'keys' | 'decrypt'
  readonly ok: true | false | 'warn'
  readonly detail: string
}

/** 0 = all holds and the anchor is trusted; 2 = intact, but not anchored or self-asserted; 1 = something is wrong. */
export type Verdict = 0 | 1 | 2

/** The verdict over all lines of a verification; without a line nothing was proven. */
export const concludeChecks = (checks: readonly Check[]): Verdict => {
  if (checks.length === 0 || checks.some((check) => check.ok === false)) return 1
  return checks.some((check) => check.ok === 'warn') ? 2 : 0
}
