import { LEASE_MS } from '#common/store/migrations/lease'
import {
  type Migrated,
  type MigrateOptions,
  type MigrationEvent,
  migrate,
  previewOf,
} from '#common/store/migrations/migrate'
import type { Ask, Step } from '#common/store/migrations/plan'
import type { Flags } from '../cli/args.ts'
import { CliError, EXIT_USAGE, errorLine } from '../cli/fail.ts'
import { plural } from '../cli/format.ts'
import type { Look } from '../cli/look.ts'
import type { Invocation, Terminal } from '../cli/run-command.ts'
import { table } from '../cli/table.ts'
import { alone } from './alone.ts'
import type { command } from './migrate.ts'
import type { StoreOptions } from './open.ts'
import { cells, columns, isFit, type StoreRow } from './rows.ts'
import type { Schemas } from './schemas.ts'
import { lookAtAll, naming, present, reopen } from './stores.ts'

/** What the command needs of the machine. */
export type Machine = StoreOptions &
  Pick<MigrateOptions, 'now' | 'version' | 'holder' | 'pause'> & {
    readonly schemas: Schemas
    readonly look: Look
  }

type Asked = Flags<typeof command>

/** A runner that was killed holds its lease for so long: its successor waits for that, and not for ever. */
const PATIENCE = LEASE_MS + 5_000

const usage = (message: string) =>
  new CliError(`${message} (bun run migrate --help)`, { exitCode: EXIT_USAGE })

const askOf = ({ status, down, to, service, 'dry-run': dry }: Asked): Ask => {
  if (status && (down || dry || to !== undefined)) throw usage('--status changes nothing: give it alone')
  if ((down || to !== undefined) && service === undefined)
    throw usage(`every service counts its own versions: ${down ? '--down' : '--to'} needs --service S`)
  if (to !== undefined && !/^\d{1,9}$/.test(to))
    throw usage(`--to does not take '${to}': use a version, 0 or more`)
  return { direction: down ? 'down' : 'up', ...(to === undefined ? {} : { to: Number(to) }) }
}

const stepText = ({ direction, version, name, again }: Step): string =>
  `${direction} ${version} ${name}${again ? ' (again from its beginning)' : ''}`

const showRows = (rows: readonly StoreRow[], { out, err }: Terminal, { look }: Machine): void => {
  out(`${table(columns, rows.map(cells), look)}\n`)
  for (const { service, advice } of rows) if (advice !== null) err(`${service}: ${advice}\n`)
}

const showStatus = async (asked: Asked, terminal: Terminal, machine: Machine): Promise<number> => {
  const rows = await lookAtAll(machine.schemas, machine, machine.now())
  const unfit = rows.filter((row) => !isFit(row)).length
  if (asked.json)
    terminal.out(`${JSON.stringify({ home: machine.home.root, ok: unfit === 0, services: rows })}\n`)
  else {
    showRows(rows, terminal, machine)
    const stores = plural(rows.length, 'store')
    terminal.out(
      unfit === 0 ? `${stores}, none to migrate\n` : `${unfit} of ${stores} not at this release's version\n`,
    )
  }
  return unfit === 0 ? 0 : 1
}

const preview = async (ask: Ask, asked: Asked, terminal: Terminal, machine: Machine): Promise<number> => {
  const plan: { service: string; steps: readonly Step[] }[] = []
  for (const [service, schema] of await present(machine.schemas, machine)) {
    const open = reopen(service, machine)
    plan.push({ service, steps: await naming(service, previewOf({ ...machine, open, schema, ask })) })
  }
  const steps = plan.flatMap((one) => one.steps.map((step) => `${one.service}  ${stepText(step)}\n`))
  if (asked.json) terminal.out(`${JSON.stringify({ home: machine.home.root, plan })}\n`)
  else terminal.out(steps.length === 0 ? 'nothing would run\n' : steps.join(''))
  return 0
}

const teller = (service: string, { err }: Terminal) => {
  let waiting = false
  return (event: MigrationEvent): void => {
    if (event.kind !== 'waiting')
      err(`${service}  ${stepText(event.step)}${event.kind === 'done' ? ': done' : ''}\n`)
    else if (!waiting) err(`${service}  waits for ${event.holder}, or until its lease is over\n`)
    waiting = event.kind === 'waiting'
  }
}

const change = async (ask: Ask, asked: Asked, terminal: Terminal, machine: Machine): Promise<number> => {
  const done: (Migrated & { readonly service: string })[] = []
  let failure: unknown
  try {
    for (const [service, schema] of await present(machine.schemas, machine)) {
      const options = { ...machine, open: reopen(service, machine), schema, ask, patienceMs: PATIENCE }
      done.push({
        service,
        ...(await naming(service, migrate({ ...options, onEvent: teller(service, terminal) }))),
      })
    }
  } catch (error) {
    failure = error
  }
  const rows = await lookAtAll(machine.schemas, machine, machine.now())
  if (asked.json) {
    const error = failure === undefined ? null : errorLine(failure)
    terminal.out(
      `${JSON.stringify({ home: machine.home.root, ok: error === null, error, done, services: rows })}\n`,
    )
  } else showRows(rows, failure === undefined ? terminal : { ...terminal, err: () => {} }, machine)
  if (failure !== undefined) throw failure
  return 0
}

/**
 * `bun run migrate`, on the machine that is handed in. Services are taken one after the other, and the first
 * that fails is the last that is tried. Throws CliError.
 */
export const runMigrate = async (
  { flags, terminal }: Invocation<typeof command>,
  machine: Machine,
): Promise<number> => {
  const ask = askOf(flags)
  const chosen = Object.entries(machine.schemas).filter(([name]) => [name, undefined].includes(flags.service))
  const own = { ...machine, schemas: Object.fromEntries(chosen) }
  if (flags.status) return showStatus(flags, terminal, own)
  const work = flags['dry-run'] ? preview : change
  return alone(machine.home, () => work(ask, flags, terminal, own))
}
