import { errorMessage } from '../../process/error.ts'
import { Fault, isFault } from '../../process/fault.ts'
import type { StoreSchema } from '../schema.ts'
import type { Store } from '../store.ts'
import { checkSchema } from './check.ts'
import { guarded } from './guard.ts'
import { keepAlive, type Pause } from './keep-alive.ts'
import { LEASE_MS, type Lease, takeLease } from './lease.ts'
import { type Ask, planSteps, type Step } from './plan.ts'
import {
  declareAll,
  firstRecord,
  newestOf,
  type Occasion,
  recordOf,
  records,
  type SchemaRecord,
  settle,
} from './record.ts'

export type MigrationEvent =
  | { readonly kind: 'waiting'; readonly holder: unknown }
  | { readonly kind: 'begun' | 'done'; readonly step: Step }

export type MigrateOptions = Occasion & {
  /**
   * Opens the service's store; what is opened here is closed here. Each step gets a store of its own, since a
   * store takes one declaration of a collection and releases declare the same one differently.
   */
  readonly open: () => Promise<Store>
  readonly schema: StoreSchema
  /** Default: up to the newest version. */
  readonly ask?: Ask
  /** Names this run for people, and unlike any other: it needs a random part. */
  readonly holder: string
  readonly pause: Pause
  /** How long another runner is waited for, ms (default 0). */
  readonly patienceMs?: number
  readonly leaseMs?: number
  readonly onEvent?: (event: MigrationEvent) => void
}

/** What was done, oldest first; `from` equals `to` when nothing was. */
export type Migrated = { readonly from: number; readonly to: number; readonly steps: readonly Step[] }

const up: Ask = { direction: 'up' }

const withStore = async <R>(open: () => Promise<Store>, work: (store: Store) => Promise<R>): Promise<R> => {
  const store = await open()
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/** Between two looks at whether another runner is done, ms. */
const LOOK_AGAIN = 500

const patiently = async (options: MigrateOptions): Promise<Lease> => {
  const { open, now, pause, patienceMs = 0, onEvent } = options
  const until = now() + patienceMs
  for (;;)
    try {
      return await withStore(open, (store) => takeLease(store, options))
    } catch (error) {
      if (!isFault(error, 'migration-running') || now() >= until) throw error
      onEvent?.({ kind: 'waiting', holder: error.extra['holder'] })
      await pause(LOOK_AGAIN)
    }
}

/** Changes the record under the lease, in one transaction with its renewal. */
const note = (
  store: Store,
  lease: Lease,
  change: (kept: Omit<SchemaRecord, 'in_progress'>, since: number | undefined) => SchemaRecord,
): Promise<void> =>
  lease.fenced(store, async (tx) => {
    const kept = await recordOf(tx)
    if (kept === undefined)
      throw new Fault('unavailable', 'record-gone', 'the schema record has vanished: restore the snapshot')
    const { rev, in_progress, ...rest } = kept
    await records(tx).replace({ ...change(rest, in_progress?.since), fence: lease.fence }, rev)
  })

const failed = (step: Step, error: unknown): unknown => {
  if (isFault(error, 'lease-lost')) return error
  const { kind, retryAfter } = isFault(error) ? error : { kind: 'invalid' as const, retryAfter: undefined }
  const cause = errorMessage(error)
  return new Fault(
    kind,
    'migration-failed',
    `migration ${step.version} '${step.name}' failed on its way ${step.direction}: ${cause}; the same command runs it again from its beginning`,
    { cause: error, ...(retryAfter === undefined ? {} : { retryAfter }) },
  )
}

const work = async (store: Store, step: Step, lease: Lease, options: MigrateOptions) => {
  const migration = options.schema.migrations[step.version - 1]
  const run = migration?.[step.direction]
  if (run === undefined || run === 'irreversible')
    throw new Fault('invalid', 'irreversible', `migration ${step.version} cannot go ${step.direction}`)
  const demand = () => lease.demand(store)
  const rest = keepAlive(demand, { pause: options.pause, everyMs: (options.leaseMs ?? LEASE_MS) / 3 })
  try {
    await run(guarded(store, demand))
  } finally {
    await rest()
  }
}

const runStep = async (step: Step, lease: Lease, options: MigrateOptions): Promise<void> => {
  const { open, schema, now, version: by, onEvent } = options
  const { version, name, direction } = step
  await withStore(open, async (store) => {
    await note(store, lease, (kept, since) => ({
      ...kept,
      in_progress: { version, name, direction, since: since ?? now(), by },
    }))
    onEvent?.({ kind: 'begun', step })
    await work(store, step, lease, options)
  })
  await withStore(open, async (store) => {
    // Documents that do not fit what the code declares would stop the service: better they stop the step.
    if (direction === 'up' && version === newestOf(schema)) await declareAll(store, schema)
    await note(store, lease, (kept) => ({
      ...kept,
      version: direction === 'up' ? version : version - 1,
      history: [...kept.history, { version, name, direction, at: now(), by }],
    }))
  })
  onEvent?.({ kind: 'done', step })
}

/**
 * Brings a store to a version, one step after the other, under a lease. Throws Fault before anything is done:
 * what `planSteps` throws, conflict `migration-running`, invalid `bad-schema`. Throws in the middle: any kind
 * with code `migration-failed`, conflict `lease-lost`; the store is then half-migrated, and the same call
 * runs the step again from its beginning.
 */
export const migrate = async (options: MigrateOptions): Promise<Migrated> => {
  const { open, schema, ask = up } = options
  checkSchema(schema)
  const seen = await withStore(open, recordOf)
  if (seen && planSteps(seen, schema, ask).length === 0)
    return { from: seen.version, to: seen.version, steps: [] }
  const lease = await patiently(options)
  try {
    const record = await withStore(open, (store) => settle(store, schema, options))
    const steps = planSteps(record, schema, ask)
    for (const step of steps)
      await runStep(step, lease, options).catch((error) => {
        throw failed(step, error)
      })
    const last = steps.at(-1)
    const to = last === undefined ? record.version : last.version - (last.direction === 'up' ? 0 : 1)
    return { from: record.version, to, steps }
  } finally {
    // One that cannot be given back runs out by itself, and must not hide why.
    await withStore(open, lease.release).catch(() => undefined)
  }
}

/** The steps that `migrate` would run, and its refusals; writes no document and takes no lease. */
export const previewOf = (
  options: Pick<MigrateOptions, 'open' | 'schema' | 'ask' | 'now' | 'version'>,
): Promise<readonly Step[]> => {
  const { open, schema, ask = up } = options
  checkSchema(schema)
  return withStore(open, async (store) =>
    planSteps((await recordOf(store)) ?? (await firstRecord(store, schema, options)), schema, ask),
  )
}
