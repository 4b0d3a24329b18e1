import { allFlags, type Command, type Flag, type Positional } from './args.ts'
import { type Text, text } from './text.ts'

const flagWords = (name: string, flag: Flag): string =>
  flag.type === 'boolean' ? `--${name}` : `--${name} ${flag.value}`

const flagAbout = (flag: Flag): string => {
  if (flag.type === 'boolean') return flag.about
  const notes = [flag.choices && `one of ${flag.choices.join(', ')}`, flag.multiple && 'may be repeated']
  const known = notes.filter(Boolean).join('; ')
  return known === '' ? flag.about : `${flag.about} (${known})`
}

const flagUsage = ([name, flag]: [string, Flag]): string => {
  const words = flagWords(name, flag)
  return flag.type === 'string' && flag.required ? words : `[${words}]`
}

const positionalUsage = ({ name, required, rest }: Positional): string => {
  const words = rest ? `${name}...` : name
  return required ? words : `[${words}]`
}

const columns = (rows: readonly (readonly [string, string])[]): readonly string[] => {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}

/** What is typed to start it. */
export const startedBy = ({ name, program = `bun run ${name}` }: Command): string => program

/** The text of `--help`, generated from the declaration. */
export const helpText = (command: Command): Text => {
  const positionals = command.positionals ?? []
  const usage = [...positionals.map(positionalUsage), ...Object.entries(command.flags).map(flagUsage)]
  const exits: Record<number, string> = {
    0: 'done',
    1: 'it failed; the last line on stderr says why and what to do',
    64: 'the command line is wrong',
    ...command.exits,
  }
  const part = (title: string, rows: readonly (readonly [string, string])[]) =>
    rows.length === 0 ? [] : ['', `${title}:`, ...columns(rows)]
  return text([
    `${command.name}: ${command.about}`,
    '',
    [`Usage: ${startedBy(command)}`, ...usage].join(' '),
    ...part(
      'Arguments',
      positionals.map(({ name, about, choices }) => [
        name,
        choices ? `${about} (one of ${choices.join(', ')})` : about,
      ]),
    ),
    ...part(
      'Flags',
      Object.entries(allFlags(command)).map(([name, flag]) => [flagWords(name, flag), flagAbout(flag)]),
    ),
    ...(command.examples ? ['', 'Examples:', ...command.examples.map((line) => `  ${line}`)] : []),
    ...part('Exit codes', Object.entries(exits)),
    ...(command.notes ? ['', ...command.notes.trimEnd().split('\n')] : []),
  ])
}
