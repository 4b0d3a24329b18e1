import { join, resolve } from 'node:path'
import { catalog, defaults, stock } from '#catalog'
import type { Command } from '../services/common/cli/args.ts'
import { readCommand } from '../services/common/cli/read-command.ts'
import { streams } from '../services/common/cli/streams.ts'
import { detectStyle } from '../services/common/cli/style.ts'
import { type Print, printer } from '../services/common/cli/text.ts'
import { watch } from '../services/common/host/watch/command.ts'
import { type Listed, listExpected, listTargets } from '../services/common/host/watch/expected.ts'
import { watchExits, watchFlags } from '../services/common/host/watch/flags.ts'
import { givenFacts, localFacts } from './gather.ts'
import { runningPlatform } from './platform.ts'

const command = {
  name: 'health',
  program: 'bun health/check.ts',
  about:
    'asks every service how it is, and the host about engine, containers, memory, disk, certificates, backups and deploys',
  flags: {
    dir: {
      type: 'string',
      value: 'DIR',
      about: `the platform's folder on this machine (default: LUCID_MOUNT_PATH, else ${defaults.LUCID_MOUNT_PATH})`,
    },
    facts: {
      type: 'string',
      value: 'FILE',
      about: 'what health/facts.sh printed, on this machine or another; - is standard input',
    },
    ...watchFlags,
  },
  exits: watchExits,
  notes: `Without --facts the host is asked when a platform was set up in DIR; else only the services are, and that is said.

Environment:
  LUCID_HOME        state folder (default: .lucid in the repository); run/platform.json there says where the
                    services of \`bun run up\` listen, else their host ports of the catalogue are asked
  LUCID_MOUNT_PATH  the platform's folder
  HEALTH_LOG        log of state changes, JSON lines (default: LUCID_HOME/logs/health.log)
  HEALTH_WEBHOOK    URL that state changes are posted to as JSON
`,
} as const satisfies Command

type Env = Readonly<Record<string, string | undefined>>

export type CheckOptions = {
  readonly listed: Listed
  readonly stock: Parameters<typeof listExpected>[1]
  readonly argv: readonly string[]
  readonly env: Env
  readonly stdin: () => Promise<string>
  readonly out: Print
  readonly err: Print
  readonly colour: boolean
  readonly now: () => number
}

/** One check; answers the exit code. The log and the webhook may fail, the check itself is still reported. */
export const check = async ({ listed, stock, argv, env, stdin, ...rest }: CheckOptions): Promise<number> => {
  const read = readCommand(command, argv, rest)
  if (read.kind === 'exit') return read.code
  const { flags } = read
  const home = resolve(env['LUCID_HOME'] || join(import.meta.dir, '..', '.lucid'))
  const platform = runningPlatform(home)
  return watch({
    ...rest,
    name: command.name,
    flags,
    targets: listTargets(listed, { chosen: flags.stack, elsewhere: platform }),
    expected: listExpected(listed, stock, flags.stack),
    gather: async () =>
      flags.facts === undefined
        ? localFacts(flags.dir ?? (env['LUCID_MOUNT_PATH'] || defaults.LUCID_MOUNT_PATH), {
            asked: flags.dir !== undefined,
            running: platform !== undefined,
            env,
          })
        : givenFacts(flags.facts, stdin),
    log: env['HEALTH_LOG'] || join(home, 'logs', 'health.log'),
    webhook: env['HEALTH_WEBHOOK'],
  })
}

if (import.meta.main)
  process.exitCode = await check({
    listed: catalog,
    stock,
    argv: process.argv.slice(2),
    env: process.env,
    stdin: () => Bun.stdin.text(),
    out: printer(streams.out),
    err: printer(streams.err),
    colour: detectStyle(process.stdout, process.env).colour,
    now: Date.now,
  })
