import { EXIT_NO_INPUT, EXIT_NO_PERMISSION, EXIT_TEMPORARY } from '#common/cli/sysexits'
import { faultOf } from '#common/http/problem'
import type { FaultKind } from '#common/process/fault'
import { CliError } from '../cli/fail.ts'

const exits: { readonly [K in FaultKind]?: number } = {
  unauthenticated: EXIT_NO_PERMISSION,
  forbidden: EXIT_NO_PERMISSION,
  missing: EXIT_NO_INPUT,
  exhausted: EXIT_TEMPORARY,
  unavailable: EXIT_TEMPORARY,
}

/** What the platform refused, in its own words, with the exit code of sysexits and the stable `code`. */
export class Refused extends CliError {
  readonly code: string

  constructor(status: number, body: unknown) {
    const fault = faultOf(status, body, 'the platform')
    super(fault.message, { exitCode: exits[fault.kind] ?? 1, cause: fault })
    this.name = 'Refused'
    this.code = fault.code
  }
}

/** The JSON of an answer. Throws Refused for any but 2xx. */
export const readAnswer = async (response: Response): Promise<unknown> => {
  const body: unknown = response.status === 204 ? undefined : await response.json().catch(() => undefined)
  if (!response.ok) throw new Refused(response.status, body)
  return body
}
