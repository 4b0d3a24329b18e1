import { parseArgs } from 'node:util'
import { stacks } from '#catalog'

/** A flag of a program: with `value` it takes one. */
export type Flag = { readonly value?: string; readonly about: string; readonly many?: true }
export type Flags = Readonly<Record<string, Flag>>

/** Flags that every form of the watch has. */
export const watchFlags = {
  stack: {
    value: 'S',
    many: true,
    about: `only this stack, and nothing about the host: ${stacks.join(', ')} (may be repeated)`,
  },
  json: { about: 'print the result as JSON' },
  quiet: { about: 'print only problems, a line each; nothing when all is well' },
  prometheus: {
    value: 'FILE',
    about: 'also write the result to FILE for the textfile collector of node_exporter',
  },
} as const satisfies Flags

export type Given = {
  readonly help: boolean
  readonly stacks: readonly string[]
  readonly given: ReadonlySet<string>
  readonly values: Readonly<Record<string, string>>
}

export const knownFlags = (flags: Flags): string =>
  [...Object.keys(flags), 'help'].map((name) => `--${name}`).join(', ')

/** Reads the words after the program's name. Throws an Error in one sentence for what is not known. */
export const readFlags = (flags: Flags, argv: readonly string[]): Given => {
  const { values } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      Object.entries({ ...flags, help: { about: '' } as Flag }).map(([name, { value, many }]) => [
        name,
        { type: value === undefined ? ('boolean' as const) : ('string' as const), multiple: many === true },
      ]),
    ),
  })
  const chosen = [values['stack'] ?? []].flat().map(String)
  const known: readonly string[] = stacks
  const unknown = chosen.find((stack) => !known.includes(stack))
  if (unknown !== undefined)
    throw new Error(`no stack ${JSON.stringify(unknown)}; there are ${stacks.join(', ')}`)
  return {
    help: values['help'] === true,
    stacks: chosen,
    given: new Set(Object.keys(values)),
    values: Object.fromEntries(
      Object.entries(values).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
    ),
  }
}

/** The flags, a line each, for a help text. */
export const flagLines = (flags: Flags): string =>
  Object.entries({ ...flags, help: { about: 'print this' } as Flag })
    .map(
      ([name, { value, about }]) =>
        `  ${`--${name}${value === undefined ? '' : ` ${value}`}`.padEnd(18)}${about}\n`,
    )
    .join('')

/** What the watch ends with. */
export const exitCodes = { ok: 0, bad: 1, warn: 2, usage: 64 } as const

export const exitLine =
  'Exit codes: 0 all well, 1 something is bad, 2 only warnings or something that could not be judged, 64 the command line is wrong.'
