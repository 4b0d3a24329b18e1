import type { Command } from '#common/cli/args'
import { readCommand } from '#common/cli/read-command'
import type { Print } from '#common/cli/text'
import { watch } from '#common/host/watch/command'
import { type Listed, listExpected, listTargets } from '#common/host/watch/expected'
import { watchExits, watchFlags } from '#common/host/watch/flags'

const command = {
  name: 'server-tools',
  program: 'sh facts.sh DIR | docker run --rm -i --network host -v DIR/health:/health IMAGE watch',
  about:
    'the full health check of a host: services over HTTP on its loopback ports, and what facts.sh printed, on standard input',
  flags: watchFlags,
  exits: watchExits,
  notes: `health/watch.sh is the usage line, for cron.

Environment:
  HEALTH_STATE    folder of health.log, the log of state changes (default /health)
  HEALTH_WEBHOOK  URL that state changes are posted to as JSON
`,
} as const satisfies Command

export type WatchHostOptions = {
  readonly listed: Listed
  readonly stock: Parameters<typeof listExpected>[1]
  readonly argv: readonly string[]
  readonly state: string
  readonly webhook?: string | undefined
  readonly stdin: () => Promise<string>
  readonly now: () => number
  readonly out: Print
  readonly err: Print
}

/** One check with the facts of standard input; answers the exit code. No facts at all are not well. */
export const watchHost = async (options: WatchHostOptions): Promise<number> => {
  const { listed, stock, argv, state, stdin, ...rest } = options
  const read = readCommand(command, argv, rest)
  if (read.kind === 'exit') return read.code
  const { flags } = read
  return watch({
    ...rest,
    name: command.name,
    flags,
    targets: listTargets(listed, { chosen: flags.stack }),
    expected: listExpected(listed, stock, flags.stack),
    gather: async () => ({ text: await stdin() }),
    log: `${state}/health.log`,
    colour: false,
  })
}
