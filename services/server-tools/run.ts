import { type CommandName, commandLine, HELP } from './command-line.ts'
import { backup, backups, copy, marks, owners, prepare, restore } from './host-commands.ts'
import { health, net, onions, version } from './inspect-commands.ts'
import type { Command, Tools } from './tools.ts'

const EX_USAGE = 64

const table: Readonly<Record<CommandName, Command>> = {
  health,
  net,
  onions,
  version,
  prepare,
  owners,
  marks,
  backup,
  backups,
  restore,
  copy,
}

/** Does what the words ask for; answers the exit code. */
export const run = async (words: readonly string[], tools: Tools): Promise<number> => {
  const asked = commandLine(words)
  if (asked.kind === 'help') {
    tools.out(HELP)
    return 0
  }
  if (asked.kind === 'usage') {
    tools.err(`server-tools: ${asked.message}\n`)
    return EX_USAGE
  }
  if (asked.kind === 'own') return tools.own[asked.command](asked.words)
  return (await table[asked.command](tools, asked.json, asked.mode)) ? 0 : 1
}
