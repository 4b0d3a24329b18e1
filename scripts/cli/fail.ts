import { escapeText, LONGEST } from '#common/process/escape'
import { isFault } from '#common/process/fault'

/** A failure whose message is written for the person at the terminal: what is wrong, and what to do. */
export class CliError extends Error {
  readonly exitCode: number
  /** Lines shown below the message as they are: the end of a log. */
  readonly details: readonly string[]

  constructor(
    message: string,
    { exitCode = 1, details = [], cause }: { exitCode?: number; details?: readonly string[]; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'CliError'
    this.exitCode = exitCode
    this.details = details
  }
}

const oneLine = (text: string): string => escapeText(text.trim().replaceAll(/\s*\n\s*/g, '; '), { most: LONGEST })

/**
 * Any error as the one line a person needs. What we did not foresee keeps its message and says how to see
 * the stack, since nothing sensible can be advised about it.
 */
export const errorLine = (error: unknown): string => {
  if (error instanceof CliError || isFault(error)) return oneLine(error.message)
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return `${oneLine(text)} (unexpected; LUCID_TRACE=1 shows where)`
}

/** The lines below it. */
export const errorDetails = (error: unknown): readonly string[] => (error instanceof CliError ? error.details : [])

/** The exit code an error asks for: 1 unless it is a CliError that says otherwise. */
export const exitCodeOf = (error: unknown): number => (error instanceof CliError ? error.exitCode : 1)
