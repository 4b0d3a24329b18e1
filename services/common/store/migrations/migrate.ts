import { errorMessage } from '../../process/error.ts'
import { Fault, isFault } from '../../process/fault.ts'
import { collectionFrom } from '../operations.ts'
import type { StoreSchema } from '../schema.ts'
import type { Declaration, Doc, Store, Stored } from '../store.ts'
import { checkSchema } from './check.ts'
import { type Ask, endsOfStep, planSteps, type Step } from './plan.ts'
import {
  declareAll,
  firstRecord,
  newestVersion,
  readRecord,
  records,
  type SchemaRecord,
  settleRecord,
  type Writer,
} from './record.ts'

export type MigrateOptions = Writer & {
  readonly open: () => Promise<Store>
  readonly schema: StoreSchema
  /** Default: up to the newest version. */
  readonly ask?: Ask
  readonly onEvent?: (event: { readonly kind: 'begun' | 'done'; readonly step: Step }) => void
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

const takenOver = (): Fault =>
  new Fault(
    'conflict',
    'migration-taken-over',
    'another runner began after this one and goes on with the migration: bun run migrate --status shows how it stands',
  )

/** The record, as long as nobody began a step after the one with this fence. Throws Fault conflict `migration-taken-over`. */
const requireFence = async (store: Store, fence: number): Promise<Stored<SchemaRecord>> => {
  const record = await readRecord(store)
  if (record?.fence === fence) return record
  throw takenOver()
}

/** True when another runner has begun since: what failed here then failed because of that one. */
const isTakenOver = (open: () => Promise<Store>, fence: number): Promise<boolean> =>
  withStore(open, async (store) => (await readRecord(store))?.fence !== fence).catch(() => false)

/** The store that a step works on: nothing of it is written once another runner has taken the migration over. */
const fencedStore = (store: Store, fence: number): Store => ({
  ...store,
  // Any declaration is one of documents: what they are is between the step and the store.
  collection: ((declaration: Declaration<Doc>) => {
    const inner = store.collection(declaration)
    return collectionFrom(async (name, _effect, args) => {
      await requireFence(store, fence)
      return (inner[name] as (...args: readonly unknown[]) => Promise<unknown>)(...args)
    })
  }) as unknown as Store['collection'],
  transaction: (work) =>
    store.transaction(async (tx) => {
      await requireFence(tx, fence)
      return work(tx)
    }),
  close: () =>
    Promise.reject(new Fault('invalid', 'not-yours', 'a migration cannot close the store that it is handed')),
})

const begin = (store: Store, step: Step, before: number, { now, version: by }: Writer): Promise<number> =>
  store.transaction(async (tx) => {
    const { rev, in_progress, ...record } = await requireFence(tx, before)
    const { version, name, direction } = step
    const begun = { version, name, direction, since: in_progress?.since ?? now(), by }
    await records(tx).replace({ ...record, fence: before + 1, in_progress: begun }, rev)
    return before + 1
  })

const finish = (store: Store, step: Step, fence: number, { now, version: by }: Writer): Promise<void> =>
  store.transaction(async (tx) => {
    const { rev, in_progress: _, ...record } = await requireFence(tx, fence)
    const { version, name, direction } = step
    const history = [...record.history, { version, name, direction, at: now(), by }]
    await records(tx).replace({ ...record, version: endsOfStep(step).to, history }, rev)
  })

const nameStep = (step: Step, error: unknown): unknown => {
  if (isFault(error, 'migration-taken-over')) return error
  const { kind, retryAfter } = isFault(error) ? error : { kind: 'invalid' as const, retryAfter: undefined }
  const cause = errorMessage(error)
  return new Fault(
    kind,
    'migration-failed',
    `migration ${step.version} '${step.name}' failed on its way ${step.direction}: ${cause}; the same command runs it again from its beginning`,
    { cause: error, ...(retryAfter === undefined ? {} : { retryAfter }) },
  )
}

const runStep = async (step: Step, before: number, options: MigrateOptions): Promise<number> => {
  const { open, schema, onEvent } = options
  const change = schema.migrations[step.version - 1]?.[step.direction]
  if (typeof change !== 'function') throw new Error(`migration ${step.version} was not planned`)
  let fence = before
  try {
    await withStore(open, async (store) => {
      fence = await begin(store, step, before, options)
      onEvent?.({ kind: 'begun', step })
      await change(fencedStore(store, fence))
    })
    await withStore(open, async (store) => {
      // Documents that do not fit what the code declares would stop the service: better they stop the step.
      if (endsOfStep(step).to === newestVersion(schema)) await declareAll(store, schema)
      await finish(store, step, fence, options)
    })
    onEvent?.({ kind: 'done', step })
    return fence
  } catch (error) {
    throw (await isTakenOver(open, fence)) ? takenOver() : nameStep(step, error)
  }
}

/**
 * Brings a store to a version, one step after the other. Whoever calls keeps services and other runners away (the lock
 * of the state folder, the lease of the host); a runner that came through all the same takes the migration over, and
 * the older one stops. Throws Fault before anything is done: what `planSteps` throws, invalid `bad-schema`. Throws in
 * the middle: any kind with code `migration-failed`, conflict `migration-taken-over`; the store is then half-migrated,
 * and the same call runs the step again from its beginning.
 */
export const migrate = async (options: MigrateOptions): Promise<Migrated> => {
  const { open, schema, ask = up } = options
  checkSchema(schema)
  const record = await withStore(open, (store) => settleRecord(store, schema, options))
  const steps = planSteps(record, schema, ask)
  let { fence } = record
  for (const step of steps) fence = await runStep(step, fence, options)
  const last = steps.at(-1)
  return { from: record.version, to: last ? endsOfStep(last).to : record.version, steps }
}

/** The steps that `migrate` would run, and its refusals; writes no document. */
export const previewSteps = ({ open, schema, ask = up, ...writer }: MigrateOptions): Promise<readonly Step[]> => {
  checkSchema(schema)
  return withStore(open, async (store) =>
    planSteps((await readRecord(store)) ?? (await firstRecord(store, schema, writer)), schema, ask),
  )
}
