import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { catalog, stacks } from '#catalog'
import { jsonOf, reportOf, tableOf } from '../services/common/health-report.ts'
import { probe } from '../services/common/probe.ts'
import { changesOf, isNews } from './history.ts'
import { openJournal } from './journal.ts'
import { type Listed, type Platform, parsePlatform, targetsOf } from './target.ts'
import { tell } from './webhook.ts'

const HELP = `Asks every service of the catalogue how it is.

Usage: bun health/check.ts [--stack S]... [--json]

  --stack S   only this stack: ${stacks.join(', ')} (may be repeated)
  --json      print the result as JSON
  --help      print this

Exit codes: 0 all healthy, 1 not all healthy, 64 the command line is wrong.

Environment:
  LUCID_HOME      state folder (default: .lucid in the repository); run/platform.json there says where the
                  services of \`bun run up\` listen, else their host ports of the catalogue are asked
  HEALTH_LOG      log of state changes, JSON lines (default: LUCID_HOME/logs/health.log)
  HEALTH_WEBHOOK  URL that state changes are posted to as JSON
`

type Env = Readonly<Record<string, string | undefined>>
type Out = (text: string) => void

export type CheckOptions = {
  readonly listed: Listed
  readonly argv: readonly string[]
  readonly env: Env
  readonly out: Out
  readonly err: Out
  readonly colour: boolean
  readonly now: () => number
}

const readFlags = (argv: readonly string[]) => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      stack: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const known: readonly string[] = stacks
  const unknown = values.stack.find((stack) => !known.includes(stack))
  if (unknown !== undefined)
    throw new Error(`no stack ${JSON.stringify(unknown)}; there are ${stacks.join(', ')}`)
  return values
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it is there and belongs to someone else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** The platform that `bun run up` runs, unless it is gone and only left its record. */
const runningPlatform = (home: string): Platform | undefined => {
  const path = join(home, 'run', 'platform.json')
  const platform = existsSync(path) ? parsePlatform(readFileSync(path, 'utf8')) : undefined
  return platform && isAlive(platform.pid) ? platform : undefined
}

const say = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** One check; answers the exit code. The log and the webhook may fail, the check itself is still reported. */
export const check = async ({ listed, argv, env, out, err, colour, now }: CheckOptions): Promise<number> => {
  let flags: ReturnType<typeof readFlags>
  try {
    flags = readFlags(argv)
  } catch (error) {
    err(`health: ${say(error)}\nknown flags: --stack, --json, --help\n`)
    return 64
  }
  if (flags.help) {
    out(HELP)
    return 0
  }
  const home = resolve(env['LUCID_HOME'] || join(import.meta.dir, '..', '.lucid'))
  const targets = targetsOf(listed, { platform: runningPlatform(home), chosen: flags.stack })
  const results = await Promise.all(targets.map((target) => probe(target)))
  const report = reportOf(results, now())
  out(flags.json ? jsonOf(report) : tableOf(report, { colour }))
  if (results.length === 0) err('health: the catalogue lists no service there\n')
  try {
    const journal = openJournal(env['HEALTH_LOG'] || join(home, 'logs', 'health.log'), now)
    const changes = changesOf(results, journal.history.states)
    journal.changed(changes)
    const webhook = env['HEALTH_WEBHOOK']
    const news = [...journal.history.untold, ...changes.filter(isNews)]
    if (webhook && news.length > 0) {
      await tell(webhook, news, { checkedAt: report.checked_at })
      journal.told()
    }
  } catch (error) {
    err(`health: state changes were not passed on: ${say(error)}; the next check tries again\n`)
  }
  return report.ok ? 0 : 1
}

if (import.meta.main)
  process.exitCode = await check({
    listed: catalog,
    argv: process.argv.slice(2),
    env: process.env,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    colour: process.stdout.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb',
    now: Date.now,
  })
