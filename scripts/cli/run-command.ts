import type { Command, Flags } from '#common/cli/args'
import { readCommand } from '#common/cli/read-command'
import { errorDetails, errorLine, exitCodeOf } from './fail.ts'

/** Where a command writes: `out` is the result (pipes read it), `err` is the talk around it. */
export type Terminal = {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

export type Invocation<C extends Command> = {
  readonly flags: Flags<C>
  readonly positionals: readonly string[]
  readonly terminal: Terminal
}

/** What a command does; the number is the exit code (0 when nothing is returned). */
export type Run<C extends Command> = (
  invocation: Invocation<C>,
) => Promise<number | undefined> | number | undefined

/** Parses, prints help or a one-line mistake, or runs. Returns the exit code; never throws. */
export const invoke = async <const C extends Command>(
  command: C,
  argv: readonly string[],
  run: Run<C>,
  terminal: Terminal,
  { trace = false }: { readonly trace?: boolean } = {},
): Promise<number> => {
  const read = readCommand(command, argv, terminal)
  if (read.kind === 'exit') return read.code
  try {
    return (await run({ flags: read.flags, positionals: read.positionals, terminal })) ?? 0
  } catch (error) {
    terminal.err(`${command.name}: ${errorLine(error)}\n`)
    for (const line of errorDetails(error)) terminal.err(`  ${line}\n`)
    if (trace) terminal.err(`${error instanceof Error ? error.stack : String(error)}\n`)
    return exitCodeOf(error)
  }
}

/**
 * The edge of every script: the process's arguments, its two streams and its exit code. Does nothing when
 * the file is imported instead of run (`main` = import.meta.main), so that tests and derive may read the
 * declaration.
 */
export const runCommand = async <const C extends Command>(
  main: boolean,
  command: C,
  run: Run<C>,
): Promise<void> => {
  if (!main) return
  const terminal: Terminal = {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
  }
  process.exitCode = await invoke(command, process.argv.slice(2), run, terminal, {
    trace: process.env['LUCID_TRACE'] === '1',
  })
}
