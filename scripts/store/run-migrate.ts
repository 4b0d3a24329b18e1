import { plural } from '#common/cli/format'
import { EXIT_USAGE } from '#common/cli/read-command'
import type { Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import { text } from '#common/cli/text'
import { isFault } from '#common/process/fault'
import { type Migrated, type MigrateOptions, migrate, previewSteps } from '#common/store/migrations/migrate'
import type { Ask, Step } from '#common/store/migrations/plan'
import type { Writer } from '#common/store/migrations/record'
import { CliError, errorLine } from '../cli/fail.ts'
import type { Terminal } from '../cli/run-command.ts'
import type { Schemas } from '../derive/store-schemas.ts'
import { exclusive } from './exclusive.ts'
import { cells, columns, inspectStores, isFit, type StoreRow } from './migrate-rows.ts'
import { hasStore, openStore, type StoreOptions } from './open.ts'

export type MigrateFlags = {
  readonly status: boolean
  readonly down: boolean
  readonly to?: string | undefined
  readonly service?: string | undefined
  readonly 'dry-run': boolean
  readonly json: boolean
}

/** What the command needs of the machine. */
export type Machine = StoreOptions & Writer & { readonly schemas: Schemas; readonly style: Style }

const usage = (message: string) => new CliError(`${message} (bun run migrate --help)`, { exitCode: EXIT_USAGE })

const parseAsk = ({ status, down, to, service, 'dry-run': dry }: MigrateFlags): Ask => {
  if (status && (down || dry || to !== undefined)) throw usage('--status changes nothing: give it alone')
  if ((down || to !== undefined) && service === undefined)
    throw usage(`every service counts its own versions: ${down ? '--down' : '--to'} needs --service S`)
  if (to !== undefined && !/^\d{1,9}$/.test(to)) throw usage(`--to does not take '${to}': use a version, 0 or more`)
  return { direction: down ? 'down' : 'up', ...(to === undefined ? {} : { to: Number(to) }) }
}

const stepText = (service: string, { direction, version, name, again }: Step): string =>
  `${service}  ${direction} ${version} ${name}${again ? ' (again from its beginning)' : ''}`

const showRows = (rows: readonly StoreRow[], { out, err }: Terminal, { style }: Machine): void => {
  out(table(columns, rows.map(cells), style))
  for (const { service, advice } of rows) if (advice !== null) err(`${service}: ${advice}\n`)
}

const showStatus = async (json: boolean, terminal: Terminal, machine: Machine): Promise<number> => {
  const rows = await inspectStores(machine.schemas, machine)
  const unfit = rows.filter((row) => !isFit(row)).length
  if (json) terminal.out(`${JSON.stringify({ home: machine.home.root, ok: unfit === 0, services: rows })}\n`)
  else {
    showRows(rows, terminal, machine)
    const stores = plural(rows.length, 'store')
    terminal.out(unfit === 0 ? `${stores}, none to migrate\n` : `${unfit} of ${stores} not at this release's version\n`)
  }
  return unfit === 0 ? 0 : 1
}

/** Each store that is there, one after the other. What is expected to fail says of which service it is. */
const forEachStore = async (
  { schemas, ...machine }: Machine,
  work: (service: string, options: MigrateOptions) => Promise<void>,
): Promise<void> => {
  for (const [service, schema] of Object.entries(schemas)) {
    if (!hasStore(service, machine)) continue
    await work(service, { ...machine, schema, open: () => openStore(service, machine) }).catch((error) => {
      throw isFault(error) ? new CliError(`${service}: ${errorLine(error)}`, { cause: error }) : error
    })
  }
}

const preview = async (ask: Ask, json: boolean, { out }: Terminal, machine: Machine): Promise<number> => {
  const plan: { service: string; steps: readonly Step[] }[] = []
  await forEachStore(machine, async (service, options) => {
    plan.push({ service, steps: await previewSteps({ ...options, ask }) })
  })
  const lines = plan.flatMap(({ service, steps }) => steps.map((step) => stepText(service, step)))
  if (json) out(`${JSON.stringify({ home: machine.home.root, plan })}\n`)
  else out(text(lines.length === 0 ? ['nothing would run'] : lines))
  return 0
}

const change = async (ask: Ask, json: boolean, terminal: Terminal, machine: Machine): Promise<number> => {
  const done: (Migrated & { readonly service: string })[] = []
  let failure: unknown
  try {
    await forEachStore(machine, async (service, options) => {
      const onEvent: MigrateOptions['onEvent'] = ({ kind, step }) =>
        terminal.err(`${stepText(service, step)}${kind === 'done' ? ': done' : ''}\n`)
      done.push({ service, ...(await migrate({ ...options, ask, onEvent })) })
    })
  } catch (error) {
    failure = error
  }
  const rows = await inspectStores(machine.schemas, machine)
  if (json) {
    const error = failure === undefined ? null : errorLine(failure)
    terminal.out(`${JSON.stringify({ home: machine.home.root, ok: error === null, error, done, services: rows })}\n`)
  } else showRows(rows, failure === undefined ? terminal : { ...terminal, err: () => {} }, machine)
  if (failure !== undefined) throw failure
  return 0
}

/** `bun run migrate` on this machine: services one after the other, none behind a failure. Throws CliError. */
export const runMigrate = async (
  { flags, terminal }: { readonly flags: MigrateFlags; readonly terminal: Terminal },
  machine: Machine,
): Promise<number> => {
  const ask = parseAsk(flags)
  const chosen = Object.entries(machine.schemas).filter(([name]) => [name, undefined].includes(flags.service))
  const own = { ...machine, schemas: Object.fromEntries(chosen) }
  if (flags.status) return showStatus(flags.json, terminal, own)
  const work = flags['dry-run'] ? preview : change
  return exclusive([machine.home], () => work(ask, flags.json, terminal, own))
}
