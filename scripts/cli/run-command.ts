import type { Command, Flags } from '#common/cli/args'
import { readCommand } from '#common/cli/read-command'
import { onOutputLost, type Streams, streams } from '#common/cli/streams'
import { EXIT_IO } from '#common/cli/sysexits'
import { jsonText, type Print, printer, text } from '#common/cli/text'
import { errorDetails, errorLine, exitCodeOf } from './fail.ts'

/** Where a command writes: `out` is the result (pipes read it), `err` is the talk around it. */
export type Terminal = { readonly out: Print; readonly err: Print }

export type Invocation<C extends Command> = {
  readonly flags: Flags<C>
  readonly positionals: readonly string[]
  readonly terminal: Terminal
}

/** What a command does; the number is the exit code (0 when nothing is returned). */
export type Run<C extends Command> = (invocation: Invocation<C>) => Promise<number | undefined> | number | undefined

/** Why a command gave no result of its own: a wrong command line, or what it threw. */
export type Failure = {
  readonly message: string
  readonly exitCode: number
  readonly error?: unknown
  /** None when the command line could not be read. */
  readonly positionals: readonly string[]
}

export type InvokeOptions = {
  readonly trace?: boolean
  /** For a command whose `--json` is one document in every case: the document of a failure. */
  readonly failureDocument?: (failure: Failure) => unknown
  /** The exit code that an error asks for. */
  readonly exitOf?: (error: unknown) => number
}

const asksJson = (argv: readonly string[]): boolean => argv.some((word) => /^--json(?:=|$)/.test(word))

/** Parses, prints help or a one-line mistake, or runs. Returns the exit code; never throws. */
export const invoke = async <const C extends Command>(
  command: C,
  argv: readonly string[],
  run: Run<C>,
  { out, err }: Streams,
  { trace = false, failureDocument, exitOf = exitCodeOf }: InvokeOptions = {},
): Promise<number> => {
  const terminal = { out: printer(out), err: printer(err) }
  const tell = (failure: Failure): number => {
    if (failureDocument !== undefined && asksJson(argv)) terminal.out(jsonText(failureDocument(failure)))
    return failure.exitCode
  }
  const read = readCommand(command, argv, terminal)
  if (read.kind === 'exit')
    return read.mistake === undefined
      ? read.code
      : tell({ message: read.mistake, exitCode: read.code, positionals: [] })
  try {
    return (await run({ flags: read.flags, positionals: read.positionals, terminal })) ?? 0
  } catch (error) {
    const message = errorLine(error)
    terminal.err(`${command.name}: ${message}\n`)
    terminal.err(text(errorDetails(error).map((line) => `  ${line}`)))
    if (trace) terminal.err(text(String(error instanceof Error ? error.stack : error).split('\n')))
    return tell({ message, exitCode: exitOf(error), error, positionals: read.positionals })
  }
}

/**
 * Says on stderr when the result cannot be written (a full disk), which is then the exit code, unless the command
 * failed by itself. A reader that has left (`| head`) is no failure.
 */
const watchOutput = (name: string): ((code: number) => number) => {
  let lost = false
  const settle = (code: number) => (lost && code !== 1 ? EXIT_IO : code)
  onOutputLost((code) => {
    lost = true
    streams.err(`${name}: the result cannot be written: ${code}\n`)
    if (process.exitCode !== undefined) process.exitCode = settle(Number(process.exitCode))
  })
  return settle
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
  {
    argv = process.argv.slice(2),
    ...options
  }: Omit<InvokeOptions, 'trace'> & { readonly argv?: readonly string[] } = {},
): Promise<void> => {
  if (!main) return
  const settle = watchOutput(command.name)
  process.exitCode = settle(
    await invoke(command, argv, run, streams, { trace: process.env['LUCID_TRACE'] === '1', ...options }),
  )
}
