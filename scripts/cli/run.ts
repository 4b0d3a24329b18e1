import { $ } from 'zx'

/** A command of another program, as an argument list; nothing in it is read by a shell. */
export type Argv = readonly [string, ...string[]]

export type RunOptions = { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> }

/** What a command did. `ms` is the wall time. */
export type Ran = { readonly code: number; readonly out: string; readonly err: string; readonly ms: number }

/** Runs a command to its end; never throws for what the command does. */
export type Run = (argv: Argv, options?: RunOptions) => Promise<Ran>

/** Runs for real. The only place that imports zx, which quotes every argument by itself. */
export const live: Run = async (argv, { cwd, env } = {}) => {
  const shell = $({
    quiet: true,
    nothrow: true,
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
  })
  const began = performance.now()
  const { exitCode, stdout, stderr } = await shell`${[...argv]}`
  return { code: exitCode ?? 1, out: stdout, err: stderr, ms: performance.now() - began }
}

/** Runs nothing and says what it would run. */
export const dry =
  (say: (line: string) => void): Run =>
  async (argv) => {
    say(argv.join(' '))
    return { code: 0, out: '', err: '', ms: 0 }
  }
