import { EXIT_USAGE } from '#common/cli/read-command'
import { streams } from '#common/cli/streams'
import { printer, text } from '#common/cli/text'
import { commands } from './commands.ts'
import { findEntry } from './entry.ts'

/** What `bun run lucid` alone prints. */
const overview = () => {
  const rows = commands.map(({ command: { name, about } }) => [name, about] as const)
  const width = Math.max(...rows.map(([name]) => name.length))
  return text([
    'lucid: sign in, record sessions, decide and prove, as a person',
    '',
    'Usage: bun run lucid COMMAND ... (each has --help)',
    '',
    ...rows.map(([name, about]) => `  ${name.slice('lucid '.length).padEnd(width - 5)} ${about}`),
  ])
}

/** Why words are no command, and which they could become. */
const mistake = (argv: readonly string[]): string => {
  const typed = argv.join(' ')
  const names = commands.map(({ command }) => command.name.slice('lucid '.length))
  const below = names.filter((name) => argv[0] !== undefined && name.startsWith(`${argv[0]} `))
  if (below.length === 0) return `there is no command '${typed}': bun run lucid lists them`
  return `there is no command '${typed}', but ${below.join(', ')}`
}

const main = async (argv: readonly string[]): Promise<void> => {
  const found = findEntry(commands, argv)
  if (found) return found.entry.start(found.rest)
  const help = argv.length === 0 || ['--help', '-h', 'help'].includes(argv[0] ?? '')
  if (help) printer(streams.out)(overview())
  else printer(streams.err)(`lucid: ${mistake(argv)}\n`)
  process.exitCode = help ? 0 : EXIT_USAGE
}

if (import.meta.main) await main(process.argv.slice(2))
