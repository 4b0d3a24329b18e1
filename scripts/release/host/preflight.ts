import type { Finding } from '#common/host/finding'
import type { PreflightInput } from './preflight-check.ts'
import { contentChecks } from './preflight-contents.ts'
import { machineChecks } from './preflight-machine.ts'

/** A check that was made, for the report; its findings are about the check. */
export type Checked = { readonly check: string; readonly detail: string; readonly findings: readonly Finding[] }

/** All checks with everything that they found. */
export const preflight = (input: PreflightInput): readonly Checked[] =>
  [...machineChecks, ...contentChecks].map(({ check, detail, findFaults }) => ({
    check,
    detail: detail(input),
    findings: findFaults(input).map(([evidence, remedy]) => ({ subject: check, state: 'bad', evidence, remedy })),
  }))

/** What all checks found, a sentence each. */
export const listFaults = (checked: readonly Checked[]): readonly string[] =>
  checked.flatMap(({ findings }) =>
    findings.map(({ subject, evidence, remedy }) => `${subject}: ${evidence}: ${remedy}`),
  )
