/** What can be asked for, and what it answers. */
export const commands = {
  health: 'asks every service how it is; 0 only if all are healthy',
  net: 'opens a TCP connection to everybody that a service needs; 0 only if all take it',
  onions: 'lists the onion services that tor-proxy keeps',
  version: 'versions of Lucid and Bun, and the revision this was built from',
  watch: 'the full health check of a host, for cron; has flags of its own: watch --help',
  exercise:
    'probes a platform as the operator: records, exports, verifies, is refused (JSON on standard input); a line of JSON a result',
  prepare: 'makes the secrets that a host lacks (JSON on standard input); 0 only without a fault',
  backup: 'backs /source up into /repository (JSON on standard input); bun run backup starts it',
  backups: 'lists the backups in /repository',
  restore: 'restores from /repository into /target (JSON on standard input); bun run restore starts it',
  copy: 'copies folders of /source to /target as they are (JSON on standard input)',
  owners: 'gives volumes to whom they belong (JSON on standard input); 0 only when they do',
} as const

/** Commands that read the words after them by themselves. */
const ownWords = { watch: true, exercise: true } as const

type OwnName = keyof typeof ownWords
export type CommandName = Exclude<keyof typeof commands, OwnName>

const flags = {
  '--json': 'print the result as JSON',
  '--check': 'prepare, owners: change nothing, say what would be',
  '--help': 'print this',
} as const

/** Flags that not every command takes. */
const takers: Readonly<Record<string, readonly CommandName[]>> = { '--check': ['prepare', 'owners'] }

export type CommandLine =
  | {
      readonly kind: 'run'
      readonly command: CommandName
      readonly json: boolean
      readonly mode: 'look' | 'change'
    }
  | { readonly kind: 'own'; readonly command: OwnName; readonly words: readonly string[] }
  | { readonly kind: 'help' }
  | { readonly kind: 'usage'; readonly message: string }

const listed = (rows: Readonly<Record<string, string>>): string =>
  Object.entries(rows)
    .map(([name, about]) => `  ${name.padEnd(9)} ${about}`)
    .join('\n')

export const HELP = `The tool box of a host: inspects a running Lucid, draws secrets, gives volumes their owners, backs up and restores.

Usage: docker compose run --rm server-tools COMMAND [--json]

Commands:
${listed(commands)}

Flags:
${listed(flags)}

Exit codes: 0 all well, 1 not all well (watch: 2 only warnings), 64 the command line is wrong.

Environment: <SERVICE>_URL says where a service answers when it is not at its name and port, for example
MERKLE_BUILDER_URL=http://127.0.0.1:8092.
`

const known = (what: Readonly<Record<string, string>>) => Object.keys(what).join(', ')

const isCommand = (word: string): word is CommandName | OwnName => Object.hasOwn(commands, word)
const isOwn = (word: string): word is OwnName => Object.hasOwn(ownWords, word)

const usage = (message: string): CommandLine => ({ kind: 'usage', message })

/** Reads the words after the program's name. What is not known is refused, with what is. */
export const commandLine = (words: readonly string[]): CommandLine => {
  const [begin = '', ...rest] = words
  if (isOwn(begin)) return { kind: 'own', command: begin, words: rest }
  const wrong = words.find((word) => word.startsWith('-') && !Object.hasOwn(flags, word))
  if (wrong !== undefined) return usage(`no flag ${wrong}; known flags: ${known(flags)}`)
  if (words.includes('--help')) return { kind: 'help' }
  const [command, ...more] = words.filter((word) => !word.startsWith('-'))
  if (command === undefined) return usage(`which command? known commands: ${known(commands)}`)
  if (!isCommand(command))
    return usage(`no command ${JSON.stringify(command)}; known commands: ${known(commands)}`)
  if (isOwn(command)) return usage(`${command} stands before its flags`)
  if (more.length > 0) return usage(`${command} takes no ${JSON.stringify(more[0])}`)
  const foreign = words.find((word) => takers[word]?.includes(command) === false)
  if (foreign !== undefined) return usage(`${command} takes no ${foreign}`)
  return {
    kind: 'run',
    command,
    json: words.includes('--json'),
    mode: words.includes('--check') ? 'look' : 'change',
  }
}
