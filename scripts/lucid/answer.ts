import { duration } from '#common/cli/format'
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

/** A clock that differs by more than this is worth a word, ms. */
const CLOCKS = 120_000

/** What a refusal may be due to, and whoever reads it cannot see. */
const clockNote = (headers: Headers): string => {
  const ahead = Date.now() - Date.parse(headers.get('date') ?? '')
  if (!(Math.abs(ahead) > CLOCKS)) return ''
  const by = `${duration(Math.abs(ahead))} ${ahead > 0 ? 'ahead of' : 'behind'}`
  return ` (the clock of this machine is ${by} that of the platform: set the one that is wrong, then try again)`
}

/** What the platform refused, in its own words, with the exit code of sysexits and the stable `code`. */
export class Refused extends CliError {
  readonly code: string

  constructor({ status, headers }: Response, body: unknown) {
    const fault = faultOf(status, body, 'the platform')
    super(`${fault.message}${clockNote(headers)}`, { exitCode: exits[fault.kind] ?? 1, cause: fault })
    this.name = 'Refused'
    this.code = fault.code
  }
}

/** The JSON of an answer. Throws Refused for any but 2xx. */
export const readAnswer = async (response: Response): Promise<unknown> => {
  const body: unknown = response.status === 204 ? undefined : await response.json().catch(() => undefined)
  if (!response.ok) throw new Refused(response, body)
  return body
}
