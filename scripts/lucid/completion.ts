import { allFlags, type Command } from '#common/cli/args'
import { text } from '#common/cli/text'
import { type Entry, entry } from './entry.ts'

/** What may follow the words of a command line: the next words of commands, and the flags of one that is whole. */
const candidates = (commands: readonly Command[]): readonly (readonly [string, readonly string[]])[] => {
  const after = new Map<string, Set<string>>()
  const add = (words: string, next: string) => after.set(words, (after.get(words) ?? new Set()).add(next))
  for (const command of commands) {
    const words = command.name.split(' ').slice(1)
    for (const [at, word] of words.entries()) add(words.slice(0, at).join(' '), word)
    for (const flag of Object.keys(allFlags(command))) add(words.join(' '), `--${flag}`)
    for (const choice of command.positionals?.flatMap(({ choices = [] }) => choices) ?? []) add(words.join(' '), choice)
  }
  return [...after].map(([words, next]) => [words, [...next]] as const)
}

/** Words of the line that are commands, in front of the one that is completed: `bun run lucid` or `lucid` before them. */
const bash = (table: ReturnType<typeof candidates>): string => `# bun run lucid completion bash
_lucid() {
  local words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in run|lucid) words="" ;; -*) ;; *) words="\${words:+$words }$word" ;; esac
  done
  local all=""
  while :; do
    case "$words" in
${table.map(([words, next]) => `      "${words}") all="${next.join(' ')}" ;;`).join('\n')}
    esac
    [ -n "$all" ] || [ -z "$words" ] && break
    case "$words" in *" "*) words="\${words% *}" ;; *) break ;; esac
  done
  COMPREPLY=($(compgen -W "$all" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _lucid lucid
`

const zsh = (table: ReturnType<typeof candidates>): string =>
  `# bun run lucid completion zsh\nautoload -U +X bashcompinit && bashcompinit\n${bash(table)}`

const fish = (table: ReturnType<typeof candidates>): string =>
  `# bun run lucid completion fish\n${table
    .map(([words, next]) => {
      const test =
        words === ''
          ? 'test (count (commandline -opc)) -eq 1'
          : `string match -q -- '*lucid ${words}*' (commandline -pc)`
      return `complete -c lucid -n "${test}" -a '${next.join(' ')}'`
    })
    .join('\n')}\n`

const shells = { bash, zsh, fish } as const

/** The command that prints the completion of all others. */
export const completionOf = (entries: () => readonly Entry[]): Entry =>
  entry(
    {
      name: 'lucid completion',
      about: 'prints the completion of a shell, for an alias lucid="bun run --silent lucid"',
      positionals: [{ name: 'SHELL', about: 'which', required: true, choices: Object.keys(shells) }],
      flags: {},
      examples: ['source <(bun run --silent lucid completion bash)'],
    },
    ({ positionals: [shell], terminal: { out } }) => {
      const table = candidates(entries().map(({ command }) => command))
      const script = shells[shell as keyof typeof shells](table) // one of the choices
      out(text(script.trimEnd().split('\n')))
      return 0
    },
  )
