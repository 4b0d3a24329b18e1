import { type Command, type Flags, parseArgs } from './args.ts'
import { helpText, startedBy } from './help.ts'
import type { Print } from './text.ts'

/** EX_USAGE of sysexits.h: the command was typed wrong. */
export const EXIT_USAGE = 64

type Output = { readonly out: Print; readonly err: Print }

export type ReadCommand<C extends Command> =
  | { readonly kind: 'run'; readonly flags: Flags<C>; readonly positionals: readonly string[] }
  /** `mistake` = what is wrong with the command line; none after the help. */
  | { readonly kind: 'exit'; readonly code: number; readonly mistake?: string }

/** Reads a command line, and prints the help or the one-line mistake that it asks for instead of a run. */
export const readCommand = <const C extends Command>(
  command: C,
  argv: readonly string[],
  { out, err }: Output,
): ReadCommand<C> => {
  const parsed = parseArgs(command, argv)
  if (parsed.kind === 'run') return parsed
  if (parsed.kind === 'help') {
    out(helpText(command))
    return { kind: 'exit', code: 0 }
  }
  err(`${command.name}: ${parsed.message} (${startedBy(command)} --help)\n`)
  return { kind: 'exit', code: EXIT_USAGE, mistake: parsed.message }
}
