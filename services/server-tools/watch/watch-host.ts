import { watch } from '#common/host/watch/command'
import { type Listed, listExpected, listTargets } from '#common/host/watch/expected'
import { exitLine, flagLines, watchFlags } from '#common/host/watch/flags'

const HELP = `The full health check of a host: services over HTTP on its loopback ports, and what facts.sh printed, on standard input.

Usage: sh facts.sh DIR | docker run --rm -i --network host -v DIR/health:/health IMAGE watch [FLAGS]
       (health/watch.sh is that line, for cron)

${flagLines(watchFlags)}
${exitLine}

Environment:
  HEALTH_STATE    folder of health.log, the log of state changes (default /health)
  HEALTH_WEBHOOK  URL that state changes are posted to as JSON
`

export type WatchHostOptions = {
  readonly listed: Listed
  /** Containers of stock images. */
  readonly stock: Parameters<typeof listExpected>[1]
  readonly argv: readonly string[]
  /** Folder of the log. */
  readonly state: string
  readonly webhook?: string | undefined
  readonly stdin: () => Promise<string>
  readonly now: () => number
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

/** One check with the facts of standard input; answers the exit code. No facts at all are not well. */
export const watchHost = ({ listed, stock, state, stdin, ...rest }: WatchHostOptions): Promise<number> =>
  watch({
    ...rest,
    name: 'server-tools',
    flags: watchFlags,
    help: HELP,
    targets: ({ stacks }) => listTargets(listed, { chosen: stacks }),
    expected: ({ stacks }) => listExpected(listed, stock, stacks),
    gather: async () => ({ text: await stdin() }),
    log: `${state}/health.log`,
    colour: false,
  })
