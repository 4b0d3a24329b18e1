import { basename } from 'node:path'
import { EXIT_NO_INPUT } from '#common/cli/sysexits'
import { splitLines } from '#common/process/lines'
import { CliError } from '../cli/fail.ts'
import type { Input } from './input.ts'
import { streamInput } from './stream-input.ts'

/** A program whose standard output is recorded. */
export type Producer = {
  readonly input: Input
  /** Passes a signal on to it and to what it has started. */
  readonly signal: (name: NodeJS.Signals) => void
  /** The last lines that it wrote to standard error. */
  readonly said: () => readonly string[]
}

/** Lines of its standard error that are kept, and characters of a line. */
const KEPT = 10
const LONGEST = 400

const ending = ({ exitCode, signalCode }: Bun.Subprocess): string | undefined => {
  if (signalCode !== null) return `the producer was ended by ${signalCode}`
  return exitCode === 0 ? undefined : `the producer exited with ${exitCode}`
}

/** Its standard error, a line at a time; programs that redraw a line end it with a carriage return. */
const followErrors = async (stream: ReadableStream<Uint8Array>, keep: (line: string) => void): Promise<void> => {
  const decoder = new TextDecoder()
  const split = splitLines(keep, { longest: LONGEST })
  for await (const bytes of stream) split(decoder.decode(bytes, { stream: true }).replaceAll('\r', '\n'))
  split('\n')
}

/** The program of a command line. Throws CliError (66) when there is none. */
export const findProducer = ([program = '', ...words]: readonly string[]): readonly string[] => {
  const found = Bun.which(program)
  if (found === null)
    throw new CliError(`there is no program ${program} to record: check its name, or give its path`, {
      exitCode: EXIT_NO_INPUT,
    })
  return [found, ...words]
}

/**
 * Starts a program, by its words and without a shell, in a group of its own, so that a Ctrl-C reaches it once: through
 * `signal`. The recording is whole when the program ends by itself with 0; anything else is its fault.
 */
export const startProducer = (argv: readonly string[]): Producer => {
  const child = Bun.spawn([...argv], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    detached: process.platform !== 'win32',
  })
  let said: readonly string[] = []
  const heard = followErrors(child.stderr, (line) => {
    if (line.trim() !== '') said = [...said, line].slice(-KEPT)
  })
  const signal = (name: NodeJS.Signals): void => {
    try {
      if (process.platform === 'win32') child.kill(name)
      else process.kill(-child.pid, name)
    } catch {
      // It has ended by itself.
    }
  }
  const endFault = async () => {
    await child.exited
    await Promise.race([heard, Bun.sleep(200)]) // what it has started may hold its standard error open
    return ending(child)
  }
  const input = streamInput(child.stdout, { endFault })
  return {
    input: {
      ...input,
      // It stops by itself when it is asked to, and only then it is known whether it did so in order.
      stop: () => {},
      close: async () => {
        signal('SIGKILL')
        await input.close()
      },
    },
    signal,
    said: () => said.map((line) => `${basename(argv[0] ?? '')}: ${line}`),
  }
}
