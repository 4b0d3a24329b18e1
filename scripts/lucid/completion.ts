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

type Table = ReturnType<typeof candidates>

/** Sets `all` by `words`, for bash and zsh. */
const cases = (table: Table): string =>
  table.map(([words, next]) => `      "${words}") all="${next.join(' ')}" ;;`).join('\n')

/** Words of the line that are commands, in front of the one that is completed: `bun run lucid` or `lucid` before them. */
const bash = (table: Table): string => `# bun run lucid completion bash
_lucid() {
  local words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in run|lucid) words="" ;; -*) ;; *) words="\${words:+$words }$word" ;; esac
  done
  local all=""
  while :; do
    case "$words" in
${cases(table)}
    esac
    [ -n "$all" ] || [ -z "$words" ] && break
    case "$words" in *" "*) words="\${words% *}" ;; *) break ;; esac
  done
  COMPREPLY=($(compgen -W "$all" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _lucid lucid
`

const zsh = (table: Table): string => `# bun run lucid completion zsh
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
_lucid() {
  local all=""
  local -a typed
  typed=(\${words[2,CURRENT-1]:#-*})
  while :; do
    case "\${(j: :)typed}" in
${cases(table)}
    esac
    [[ -n "$all" || $#typed -eq 0 ]] && break
    shift -p typed
  done
  compadd -- \${(s: :)all} || _files
}
compdef _lucid lucid
`

/** One line for the words that follow, which are no files, and one for the flags of a whole command. */
const fish = (table: Table): string => {
  const lines = table.flatMap(([words, next]) => {
    const after = `lucid ${words === '' ? '' : `${words} `}`
    const kinds = [
      ['-f ', `${after}\\\\S*\\$`, next.filter((word) => !word.startsWith('-'))],
      ['', after, next.filter((word) => word.startsWith('-'))],
    ] as const
    return kinds
      .filter(([, , offered]) => offered.length > 0)
      .map(
        ([files, test, offered]) =>
          `complete -c lucid ${files}-n "string match -rq -- '${test}' (commandline -pc)" -a '${offered.join(' ')}'`,
      )
  })
  return `# bun run lucid completion fish\n${lines.join('\n')}\n`
}

const shells = { bash, zsh, fish } as const

/** The command that prints the completion of all others. */
export const completionOf = (entries: () => readonly Entry[]): Entry =>
  entry(
    {
      name: 'lucid completion',
      about:
        'prints the completion of a shell, for a function lucid that runs bun run --silent lucid with its arguments',
      positionals: [{ name: 'SHELL', about: 'which', required: true, choices: Object.keys(shells) }],
      flags: {},
      examples: [
        'source <(bun run --silent lucid completion bash)',
        'lucid() { bun run --silent lucid "$@"; }',
        'bun run --silent lucid completion fish | source',
      ],
    },
    ({ positionals: [shell], terminal: { out } }) => {
      const table = candidates(entries().map(({ command }) => command))
      const script = shells[shell as keyof typeof shells](table) // one of the choices
      out(text(script.trimEnd().split('\n')))
      return 0
    },
  )
