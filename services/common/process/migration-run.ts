import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { LEASE_MS } from '../store/migrations/lease.ts'
import { migrate } from '../store/migrations/migrate.ts'
import type { Ask } from '../store/migrations/plan.ts'
import type { StoreSchema } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import { Fault } from './fault.ts'
import type { Log } from './log.ts'

/** A runner that was killed holds its lease for so long. */
const PATIENCE = LEASE_MS + 5_000

/**
 * What the words behind a service's program ask for: `migrate up N` or `migrate down N` instead of serving. Undefined
 * without words. Throws Fault `bad-words`.
 */
export const migrationAsked = (words: readonly string[]): Ask | undefined => {
  if (words.length === 0) return undefined
  const [command, direction, to = '', ...more] = words
  const wrong = command !== 'migrate' || more.length > 0 || !/^\d{1,9}$/.test(to)
  if (wrong || (direction !== 'up' && direction !== 'down'))
    throw new Fault(
      'invalid',
      'bad-words',
      `this takes no ${JSON.stringify(words.join(' '))}: use migrate up N or migrate down N`,
    )
  return { direction, to: Number(to) }
}

/** Brings the store of a service to a version, with the service's own rights. Throws Fault as `migrate`. */
export const runMigration = async (
  service: string,
  {
    open,
    schema,
    ask,
    log,
    version,
  }: {
    readonly open: () => Promise<Store>
    readonly schema: StoreSchema
    readonly ask: Ask
    readonly log: Log
    readonly version: string
  },
): Promise<void> => {
  const { from, to, steps } = await migrate({
    open,
    schema,
    ask,
    now: Date.now,
    version,
    holder: `${service} ${hostname()} (${crypto.randomUUID().slice(0, 8)})`,
    pause: (ms, signal) => sleep(ms, undefined, signal ? { signal } : {}).catch(() => undefined),
    patienceMs: PATIENCE,
    onEvent: (event) => {
      if (event.kind !== 'waiting')
        log.info(`migration-${event.kind}`, {
          version: event.step.version,
          name: event.step.name,
          direction: event.step.direction,
        })
    },
  })
  log.info('migrated', { from, to, steps: steps.length })
}
