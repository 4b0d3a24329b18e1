import { existsSync } from 'node:fs'
import { catalog } from '#catalog'
import type { Command } from '#common/cli/args'
import { EXIT_USAGE } from '#common/cli/read-command'
import { CliError } from '../cli/fail.ts'
import { runCommand } from '../cli/run-command.ts'
import { follow, sizeOf } from './follow.ts'
import { homeFrom } from './home.ts'
import { lastLines, readPart } from './log-file.ts'

const sources = [...Object.keys(catalog), 'platform']

export const command = {
  name: 'logs',
  about: 'prints the end of the logs: one JSON object a line',
  positionals: [{ name: 'SERVICE', about: 'whose log; all when none is named', rest: true, choices: sources }],
  flags: {
    follow: { type: 'boolean', about: 'keep printing what is added, until Ctrl-C' },
    lines: { type: 'string', value: 'N', about: 'lines of each log to begin with (default 50)' },
  },
  examples: ['bun run logs', 'bun run logs session-recorder --lines 200', 'bun run logs platform --follow'],
} as const satisfies Command

const countOf = (text: string): number => {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw new CliError(`--lines takes a whole number, not '${text}'`, { exitCode: EXIT_USAGE })
}

await runCommand(import.meta.main, command, async ({ flags, positionals, terminal }) => {
  const home = homeFrom(process.env)
  const count = countOf(flags.lines ?? '50')
  const chosen = positionals.length > 0 ? positionals : sources.filter((name) => existsSync(home.log(name)))
  const missing = positionals.find((name) => !existsSync(home.log(name)))
  if (missing !== undefined && !flags.follow)
    throw new CliError(`${missing} has no log in ${home.root} yet: bun run up starts it`)
  if (chosen.length === 0) throw new CliError(`no logs in ${home.root} yet: bun run up makes them`)
  const ends = new Map(chosen.map((name) => [home.log(name), sizeOf(home.log(name))]))
  for (const name of chosen) {
    if (chosen.length > 1) terminal.out(`==> ${name} <==\n`)
    for (const line of lastLines(readPart(home.log(name), { to: ends.get(home.log(name)) }), count))
      terminal.out(`${line}\n`)
  }
  if (!flags.follow) return 0
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort())
  await follow(ends, (line) => terminal.out(`${line}\n`), stop.signal)
  return 0
})
