import { EXIT_USAGE } from '#common/cli/read-command'
import { CliError } from '../cli/fail.ts'
import type { EndSignal } from '../cli/interrupt.ts'
import { fileInput } from './file-input.ts'
import type { Input } from './input.ts'
import { findProducer, type Producer, startProducer } from './producer.ts'
import { streamInput } from './stream-input.ts'

/** What is recorded, before the session has its id: nothing is read or started yet. */
export type Source = {
  readonly size: number | undefined
  /** Opens it. */
  readonly open: () => Input
  /** Asks it to end: what was read until then is sent. */
  readonly end: (name: EndSignal) => void
  /** Gives it up at once. */
  readonly kill: () => void
  /** What it has to say of itself when it failed. */
  readonly said: () => readonly string[]
}

const fromInput = (input: Input): Source => ({
  size: input.size,
  open: () => input,
  end: (name) => input.stop(`stopped by ${name} before the end of its source`),
  kill: () => {},
  said: () => [],
})

const fromProgram = (argv: readonly string[]): Source => {
  let producer: Producer | undefined
  return {
    size: undefined,
    open: () => {
      producer = startProducer(argv)
      return producer.input
    },
    end: (name) => producer?.signal(name),
    kill: () => producer?.signal('SIGKILL'),
    said: () => producer?.said() ?? [],
  }
}

/** The source that a command line names: a file, standard input (`-`), or a program. Throws CliError, 64 or 66. */
export const chooseSource = async (input: string | undefined, words: readonly string[]): Promise<Source> => {
  if ((input === undefined) === (words.length === 0))
    throw new CliError('say what to record: --input FILE, --input - for standard input, or a COMMAND', {
      exitCode: EXIT_USAGE,
    })
  if (input === undefined) return fromProgram(findProducer(words))
  return fromInput(input === '-' ? streamInput(Bun.stdin.stream()) : await fileInput(input))
}
