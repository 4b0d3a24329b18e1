import { type Command, parseArgs } from '#common/cli/args'
import { helpText } from '#common/cli/help'

/** What can be asked for, and what it answers. */
export const commands = {
  health: 'asks every service how it is; 0 only if all are healthy',
  net: 'opens a TCP connection to everybody that a service needs; 0 only if all take it',
  onions: 'lists the onion services that tor-proxy keeps',
  version: 'versions of Lucid and Bun, and the revision this was built from',
  watch: 'the full health check of a host, for cron; has flags of its own: watch --help',
  exercise:
    'probes a platform as the operator: records, exports, verifies, is refused (JSON on standard input); a line of JSON a result',
  'admin-code': 'prints a one-time code with which the first admin signs in; --recover: also when there is an admin',
  ask: 'prints what a service shows the operator: ask SERVICE PATH',
  prepare: 'makes the secrets that a host lacks (JSON on standard input); 0 only without a fault',
  backup: 'backs /source up into /repository (JSON on standard input); bun run backup starts it',
  backups: 'lists the backups in /repository',
  restore: 'restores from /repository into /target (JSON on standard input); bun run restore starts it',
  copy: 'copies folders of /source to /target as they are (JSON on standard input)',
  owners: 'gives volumes to whom they belong (JSON on standard input); 0 only when they do',
  marks: 'says whose volumes are, and marks them as those of this host (JSON on standard input)',
} as const

/** Commands that read the words after them by themselves. */
const ownWords = { watch: true, exercise: true, 'admin-code': true, ask: true } as const

type OwnName = keyof typeof ownWords
export type CommandName = Exclude<keyof typeof commands, OwnName>

const command = {
  name: 'server-tools',
  program: 'docker compose run --rm server-tools',
  about:
    'the tool box of a host: inspects a running Lucid, draws secrets, gives volumes their owners, backs up and restores',
  positionals: [{ name: 'COMMAND', about: `one of ${Object.keys(commands).join(', ')}`, required: true }],
  flags: {
    json: { type: 'boolean', about: 'print the result as JSON' },
    check: { type: 'boolean', about: 'prepare, owners, marks: change nothing, say what is' },
  },
  exits: { 0: 'all well', 1: 'not all well', 2: 'watch: only warnings' },
  notes: `Commands:
${Object.entries(commands)
  .map(([name, about]) => `  ${name.padEnd(10)} ${about}`)
  .join('\n')}

Environment: <SERVICE>_URL says where a service answers when it is not at its name and port, for example
MERKLE_BUILDER_URL=http://127.0.0.1:8092.
`,
} as const satisfies Command

/** Flags that not every command takes. */
const takers: Readonly<Record<string, readonly CommandName[]>> = { check: ['prepare', 'owners', 'marks'] }

export type CommandLine =
  | { readonly kind: 'run'; readonly command: CommandName; readonly json: boolean; readonly mode: 'look' | 'change' }
  | { readonly kind: 'own'; readonly command: OwnName; readonly words: readonly string[] }
  | { readonly kind: 'help' }
  | { readonly kind: 'usage'; readonly message: string }

export const HELP = helpText(command)

const isCommand = (word: string): word is CommandName | OwnName => Object.hasOwn(commands, word)
const isOwn = (word: string): word is OwnName => Object.hasOwn(ownWords, word)

const usage = (message: string): CommandLine => ({ kind: 'usage', message })
const listed = Object.keys(commands).join(', ')

/** Reads the words after the program's name. What is not known is refused, with what is. */
export const commandLine = (words: readonly string[]): CommandLine => {
  const [begin = '', ...rest] = words
  if (isOwn(begin)) return { kind: 'own', command: begin, words: rest }
  const parsed = parseArgs(command, words)
  if (parsed.kind !== 'run') return parsed
  const [name = ''] = parsed.positionals
  if (!isCommand(name)) return usage(`no command ${JSON.stringify(name)}; known commands: ${listed}`)
  if (isOwn(name)) return usage(`${name} stands before its flags`)
  const foreign = Object.entries(takers).find(
    ([flag, names]) => parsed.flags[flag as keyof typeof parsed.flags] && !names.includes(name),
  )
  if (foreign !== undefined) return usage(`${name} takes no --${foreign[0]}`)
  const { json, check } = parsed.flags
  return { kind: 'run', command: name, json, mode: check ? 'look' : 'change' }
}
