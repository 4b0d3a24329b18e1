/**
 * One line of a verification. `warn` = nothing wrong, but less proven than it could be; `incomplete` = proven, and
 * the recording is not whole: it states a gap or no end, or only a part of it is disclosed; `skipped` = what was
 * asked for beside the verdict (the plaintext) was not done.
 */
export type Check = {
  readonly check:
    | 'structure'
    | 'manifest'
    | 'signature'
    | 'chunks'
    | 'anchor'
    | 'times'
    | 'gaps'
    | 'audit'
    | 'policy'
    | 'keys'
    | 'decrypt'
  readonly ok: true | false | 'warn' | 'incomplete' | 'skipped'
  readonly detail: string
}

/** A hundred lines tell a reader what happened; a forger's hundred thousand would hide it. */
const LONGEST_LIST = 100

/** A failed line for each fault, as far as anybody reads them, and one for how many more there are. */
export const listFaults = (check: Check['check'], faults: readonly string[]): readonly Check[] => {
  const listed = faults.slice(0, LONGEST_LIST)
  const more = faults.length - listed.length
  return [...listed, ...(more > 0 ? [`${more} more like these`] : [])].map((detail) => ({ check, ok: false, detail }))
}

/** 0 = proven and complete; 3 = proven, but not complete; 2 = intact, but not anchored or self-asserted; 1 = something is wrong. */
export type Verdict = 0 | 1 | 2 | 3

/** The verdict over all lines of a verification, 1 before 2 before 3 before 0; without a line nothing was proven. */
export const concludeChecks = (checks: readonly Check[]): Verdict => {
  const has = (ok: Check['ok']): boolean => checks.some((check) => check.ok === ok)
  if (checks.length === 0 || has(false)) return 1
  if (has('warn')) return 2
  return has('incomplete') ? 3 : 0
}
