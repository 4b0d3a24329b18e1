import type { Check } from '#common/evidence/check'
import { TAMPERS, type Tamper } from './tamper.ts'

/** Which bundle an attempt gives to the verifier: an exported one (of the whole recording, before its anchor, of one that broke off), or a forgery. */
export type Subject = 'anchored' | 'pending' | 'broken-off' | Tamper['apply']

/** One attempt at the verifier, and what it has to say. */
export type Attempt = {
  readonly name: string
  readonly subject: Subject
  /** Whether the verifier is told the ledger's key. */
  readonly trust: boolean
  readonly exit: 1 | 2 | 3
  /** What the detail of one of its lines has to match. */
  readonly expect: RegExp
}

/** Every way to deceive; first the honest bundles that are not complete or not proven. */
export const ATTEMPTS: readonly Attempt[] = [
  {
    name: 'a recording that broke off, and states it',
    subject: 'broken-off',
    trust: true,
    exit: 3,
    expect: /^no end: missing behind the last chunk/,
  },
  {
    name: 'not anchored: exported while the chain was away',
    subject: 'pending',
    trust: true,
    exit: 2,
    expect: /^not anchored/,
  },
  { name: 'self-asserted: no trusted key given', subject: 'anchored', trust: false, exit: 2, expect: /^self-asserted/ },
  ...TAMPERS.map(({ name, exit, expect, apply }) => ({ name, subject: apply, trust: true, exit, expect })),
]

/** What the verifier did: its exit code and its lines. */
export type VerifierResult = { readonly exit: number; readonly checks: readonly Check[] }

/** A line of the closing table: what was tried, what had to come, what came. */
export type Outcome = { readonly tried: string; readonly expected: string; readonly seen: string; readonly ok: boolean }

/** What a pattern demands, as people read it: `/^chunks 1 and 2 swapped$/` is `chunks 1 and 2 swapped`. */
export const formatPattern = (pattern: RegExp): string =>
  pattern.source.replace(/^\^/, '').replace(/\$$/, '').replaceAll('\\', '')

/** Whether an attempt was caught: the exit code, and a line that says what was done. */
export const judge = ({ name, exit, expect }: Attempt, seen: VerifierResult): Outcome => {
  const faults = seen.checks.filter(({ ok }) => ok !== true).map(({ detail }) => detail)
  const named = faults.find((detail) => expect.test(detail))
  return {
    tried: name,
    expected: `exit ${exit}: ${formatPattern(expect)}`,
    seen: `exit ${seen.exit}: ${named ?? faults[0] ?? 'nothing wrong found'}`,
    ok: seen.exit === exit && named !== undefined,
  }
}
