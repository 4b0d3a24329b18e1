import { parseArgs as nodeParseArgs } from 'node:util'
import { errorMessage } from '../process/error.ts'

/** A command line as data: what is declared is parsed, shown by `--help` and measured against. Nothing here prints. */

/** One flag. `value` names the argument in `--help`; `choices` are the only values taken. */
export type Flag =
  | { readonly type: 'boolean'; readonly about: string }
  | {
      readonly type: 'string'
      readonly about: string
      readonly value: string
      readonly multiple?: boolean
      readonly choices?: readonly string[]
      readonly required?: boolean
    }

export type Positional = {
  readonly name: string
  readonly about: string
  readonly required?: boolean
  /** Takes all that is left; only the last positional may. */
  readonly rest?: boolean
  /** With `rest`, of the only positional: from the first word that is no flag on all words are another program's, flags too. */
  readonly raw?: boolean
  readonly choices?: readonly string[]
}

export type Command = {
  /** As typed after `bun run`, for example `up`; begins its messages. */
  readonly name: string
  /** How it is started where that is not `bun run NAME`. */
  readonly program?: string
  /** One line: what it does. */
  readonly about: string
  readonly flags: Readonly<Record<string, Flag>>
  readonly positionals?: readonly Positional[]
  readonly examples?: readonly string[]
  /** Exit codes other than 0, 1 and 64 that mean something, or what these mean here. */
  readonly exits?: Readonly<Record<number, string>>
  /** Ends the help: what else can be set. */
  readonly notes?: string
}

type FlagValue<F extends Flag> = F extends { type: 'boolean' }
  ? boolean
  : F extends { multiple: true }
    ? readonly string[]
    : F extends { required: true }
      ? string
      : string | undefined

/** The values of a command's flags: booleans default to false, repeated flags to an empty list. */
export type Flags<C extends Command> = { readonly [K in keyof C['flags']]: FlagValue<C['flags'][K]> }

/** What a command line asks for: to run, to read the help, or it is a mistake (exit code 64). */
export type Parsed<C extends Command> =
  | { readonly kind: 'run'; readonly flags: Flags<C>; readonly positionals: readonly string[] }
  | { readonly kind: 'help' }
  | { readonly kind: 'usage'; readonly message: string }

const help: Flag = { type: 'boolean', about: 'print this and exit' }

/** All flags of a command, `--help` last. */
export const allFlags = (command: Command): Readonly<Record<string, Flag>> => ({ ...command.flags, help })

const listFlags = (command: Command): string =>
  Object.keys(allFlags(command))
    .map((name) => `--${name}`)
    .join(', ')

/** The first flag-shaped word the command does not know, or undefined. A lone `-` is standard input. */
const unknownFlag = (command: Command, argv: readonly string[]): string | undefined => {
  const end = argv.indexOf('--')
  return (end < 0 ? argv : argv.slice(0, end))
    .filter((word) => word.startsWith('-') && word !== '-')
    .map((word) => word.split('=', 1)[0] ?? word)
    .find((word) => word !== '-h' && !(word.startsWith('--') && Object.hasOwn(allFlags(command), word.slice(2))))
}

const badChoice = (what: string, value: string, choices: readonly string[] | undefined): string | undefined =>
  choices === undefined || choices.includes(value)
    ? undefined
    : `${what} does not take '${value}': use ${choices.join(', ')}`

const flagFault = (name: string, flag: Flag, value: unknown): string | undefined => {
  if (flag.type === 'boolean') return undefined
  if (value === undefined || (Array.isArray(value) && value.length === 0))
    return flag.required ? `--${name} ${flag.value} is required` : undefined
  return [value].flat().reduce<string | undefined>((fault, one) => {
    if (fault !== undefined) return fault
    if (one === '') return `--${name} needs a value: --${name} ${flag.value}`
    return badChoice(`--${name}`, String(one), flag.choices)
  }, undefined)
}

const positionalFault = (command: Command, given: readonly string[]): string | undefined => {
  const known = command.positionals ?? []
  const missing = known.find((positional, i) => positional.required && given[i] === undefined)
  if (missing) return `${missing.name} is missing: ${missing.about}`
  for (const [i, word] of given.entries()) {
    const positional = known[i] ?? (known.at(-1)?.rest ? known.at(-1) : undefined)
    if (positional === undefined) return `'${word}' is one argument too many`
    const fault = badChoice(positional.name, word, positional.choices)
    if (fault) return fault
  }
  return undefined
}

const defaults = (command: Command, values: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(command.flags).map(([name, flag]) => {
      if (flag.type === 'boolean') return [name, values[name] ?? false]
      return [name, values[name] ?? (flag.multiple ? [] : undefined)]
    }),
  )

/** The words with `--` before those of another program: Bun keeps the `--` of `bun run NAME -- PROGRAM` to itself. */
const markRaw = (command: Command, argv: readonly string[]): readonly string[] => {
  if (!command.positionals?.[0]?.raw) return argv
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? ''
    if (word === '--') return argv
    if (!word.startsWith('-')) return [...argv.slice(0, at), '--', ...argv.slice(at)]
    const flag = Object.hasOwn(allFlags(command), word.slice(2)) ? allFlags(command)[word.slice(2)] : undefined
    if (flag?.type === 'string') at++
  }
  return argv
}

/** Reads the words after the command's name. Never throws: a mistake comes back as `usage`. */
export const parseArgs = <const C extends Command>(command: C, words: readonly string[]): Parsed<C> => {
  const argv = markRaw(command, words)
  const unknown = unknownFlag(command, argv)
  if (/^-[\d.]/.test(unknown ?? ''))
    return {
      kind: 'usage',
      message: `${unknown} is no flag, and no value: a number is a plain decimal, without a sign`,
    }
  if (unknown !== undefined)
    return { kind: 'usage', message: `unknown flag ${unknown}; known flags: ${listFlags(command)}` }
  const options = Object.fromEntries(
    Object.entries(allFlags(command)).map(([name, flag]) => [
      name,
      flag.type === 'boolean'
        ? { type: flag.type, ...(name === 'help' ? { short: 'h' } : {}) }
        : { type: flag.type, multiple: flag.multiple ?? false },
    ]),
  )
  try {
    const { values, positionals } = nodeParseArgs({ args: [...argv], options, allowPositionals: true, strict: true })
    if (values['help']) return { kind: 'help' }
    const fault =
      Object.entries(command.flags)
        .map(([name, flag]) => flagFault(name, flag, values[name]))
        .find((found) => found !== undefined) ?? positionalFault(command, positionals)
    if (fault !== undefined) return { kind: 'usage', message: fault }
    return { kind: 'run', flags: defaults(command, values) as Flags<C>, positionals }
  } catch (error) {
    const message = errorMessage(error)
    const [, flag] = /^Option '(?:-\w, )?(--[\w-]+).* argument is ambiguous/.exec(message) ?? []
    if (flag !== undefined) return { kind: 'usage', message: `the value of ${flag} is empty, or a flag` }
    return { kind: 'usage', message: (message.split('\n', 1)[0] ?? message).replace(/\.$/, '') }
  }
}
