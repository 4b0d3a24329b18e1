import { type Stack, stacks } from '#catalog'
import type { Command } from '#common/cli/args'
import { duration } from '#common/cli/format'
import { detectStyle, type Style } from '#common/cli/style'
import { text } from '#common/cli/text'
import { errorMessage } from '#common/process/error'
import { runCommand, type Terminal } from '../cli/run-command.ts'
import { type AdminCode, askAdminCode, showAdminCode } from './admin-code.ts'
import { detach } from './detach.ts'
import { type Home, homeFrom } from './home.ts'
import { formatLeftOut, type LeftOut } from './left-out.ts'
import { prepare } from './platform.ts'
import { openPlatformScreen } from './platform-screen.ts'
import { renderSummary } from './platform-table.ts'
import { requireRunning } from './running.ts'
import { waitForShutdown } from './shutdown.ts'
import { withStore } from './store-env.ts'
import type { View } from './unit-state.ts'

export const command = {
  name: 'up',
  about: "starts the catalogue's services as local processes, stack by stack, each gated on health",
  positionals: [{ name: 'STACK', about: 'more stacks, as after --stack', rest: true, choices: stacks }],
  flags: {
    stack: {
      type: 'string',
      value: 'STACK',
      about: 'start only this stack; all when none is named',
      multiple: true,
      choices: stacks,
    },
    ports: {
      type: 'string',
      value: 'KIND',
      about: 'ports to listen on: those of the catalogue (default), or whatever is free',
      choices: ['catalogue', 'free'],
    },
    store: {
      type: 'string',
      value: 'URL',
      about: 'keep documents in this database (mongodb://...) instead of files; MONGO_URL does the same unseen',
    },
    detach: { type: 'boolean', about: 'return when all is healthy; bun run down stops it' },
    json: { type: 'boolean', about: 'print what runs as one JSON object on stdout' },
  },
  examples: [
    'bun run up',
    'bun run up --stack sessions --stack blockchain --detach',
    'LUCID_HOME=~/lucid-trial bun run up --ports free --json',
  ],
} as const satisfies Command

type Running = {
  readonly home: string
  readonly pid: number
  readonly leftOut: LeftOut
  readonly admin: AdminCode | undefined
}

const asJson = (views: readonly View[], ms: number, { home, pid, leftOut, admin }: Running): string => {
  const services = Object.fromEntries(
    views.map(({ name, stack, port, url, pid, readyMs }) => [name, { stack, pid, port, url, ready_ms: readyMs }]),
  )
  return `${JSON.stringify({ home, pid, ready_ms: Math.round(ms), services, left_out: leftOut, ...(admin && { admin_code: admin.code }) })}\n`
}

/** The code of the first admin, where nobody is one: for a terminal, not for the journal of a service manager. */
const offerAdminCode = async (home: Home, { width }: Style, err: Terminal['err']): Promise<AdminCode | undefined> => {
  const isJournal = (process.env['JOURNAL_STREAM'] ?? '') !== '' && width === 0
  if (isJournal || requireRunning(home).services['authentication'] === undefined) return undefined
  return askAdminCode(home, { recover: false }).catch((error: unknown) => {
    err(`no code for the first admin (bun run recover admin): ${errorMessage(error)}\n`)
    return undefined
  })
}

await runCommand(import.meta.main, command, async ({ flags, positionals, terminal }) => {
  const home = homeFrom(process.env)
  const chosen = [...new Set([...flags.stack, ...positionals])] as readonly Stack[] // both checked by `choices`
  const ports = flags.ports === 'free' ? 'free' : 'catalogue'
  const style = detectStyle(process.stderr, process.env)
  const ambient = flags.store === undefined ? process.env : withStore(process.env, flags.store)
  const screen = openPlatformScreen(terminal.err, style, Date.now)
  let views: readonly View[] = []
  const onChange = (next: readonly View[]): void => {
    views = next
    screen.update(next)
  }
  const begun = performance.now()
  const report = async (pid: number, leftOut: LeftOut, hint: string): Promise<void> => {
    screen.done()
    const ms = performance.now() - begun
    const admin = await offerAdminCode(home, style, terminal.err)
    if (flags.json) terminal.out(asJson(views, ms, { home: home.root, pid, leftOut, admin }))
    for (const [name, why] of Object.entries(leftOut)) terminal.err(`${formatLeftOut(name, why)}\n`)
    terminal.err(text([[renderSummary(views, ms), `; state in ${home.root}. ${hint}`]], style))
    if (admin !== undefined && !flags.json) terminal.err(showAdminCode(admin))
  }

  if (flags.detach) {
    const { pid } = await detach(home, { stacks: chosen, ports }, ambient, onChange).finally(screen.done)
    const running = requireRunning(home)
    views = views.filter(({ name }) => running.services[name] !== undefined)
    await report(pid, running.left_out ?? {}, 'bun run down stops it.')
    return 0
  }
  const platform = await prepare({ home, stacks: chosen, ports, ambient, onChange })
  if (platform.recovered > 0)
    terminal.err(`ended ${platform.recovered} processes that an earlier run had left behind\n`)
  const stopped = waitForShutdown(platform, () => terminal.err(text(['', 'stopping; again to kill'])))
  try {
    await platform.start()
  } finally {
    screen.done()
  }
  await report(process.pid, platform.leftOut, 'Ctrl-C stops it.')
  await stopped
  terminal.err(`stopped after ${duration(performance.now() - begun)}\n`)
  return 0
})
