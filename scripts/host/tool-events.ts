import { splitLines } from '#common/process/lines'
import { CliError } from '../cli/fail.ts'
import type { ScriptResult } from './script.ts'

/** A line of a program on the host. */
export type ToolEvent = { readonly event: string } & Readonly<Record<string, unknown>>

export const eventOf = (line: string): ToolEvent | undefined => {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && 'event' in value ? (value as ToolEvent) : undefined
  } catch {
    return undefined
  }
}

/** Cuts what comes into lines and hands the events on. */
export const openEventReader = (onEvent: (event: ToolEvent) => void): ((text: string) => void) =>
  splitLines((line) => {
    const event = eventOf(line)
    if (event !== undefined) onEvent(event)
  })

/** What a program of ours printed as JSON, of the same model. Throws CliError with its last words for anything else. */
export const parseOutput = <T>(what: string, { code, out, err }: ScriptResult): T => {
  try {
    return JSON.parse(out) as T // printed by the image that was built from the same model
  } catch {
    throw new CliError(`${what}: ${err.trim().split('\n').at(-1) || `exit code ${code}`}`)
  }
}

/** The report of a program that came to its end. Throws CliError with what it said when it did not. */
export const parseReport = <T>(what: string, { out, err, code }: ScriptResult): T => {
  const events = out.split('\n').flatMap((line) => eventOf(line) ?? [])
  const done = events.findLast(({ event }) => event === 'done')
  if (done !== undefined) return done['report'] as T // our own program's, of the same checkout or an older release's
  const failed = events.findLast(({ event }) => event === 'failed')
  const words = err.trim().split('\n').filter(Boolean).slice(-5)
  throw new CliError(
    `${what}: ${failed === undefined ? (words.at(-1) ?? `it ended with ${code}`) : String(failed['message'])}`,
    { details: failed === undefined ? words : [] },
  )
}
