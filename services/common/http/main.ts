import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import type { Static, TObject } from '@sinclair/typebox'
import type { AnyElysia } from 'elysia'
import { catalog, type ServiceName } from '#services/catalog'
import { withAudit } from '../audit/collections.ts'
import { auditLog, lateAudit } from '../audit/log.ts'
import { takeUpRestore } from '../audit/restored.ts'
import { describeEnv, EnvError, readEnv, type Secret, type StoreEnv, urlKey } from '../process/env.ts'
import { isFault } from '../process/fault.ts'
import { answers } from '../process/health.ts'
import { errorFields, jsonLog, type Log, type LogLevel } from '../process/log.ts'
import { parseMigrateArguments, runMigration } from '../store/migrations/command.ts'
import { declareAll } from '../store/migrations/record.ts'
import { requireSchema } from '../store/migrations/require-schema.ts'
import { storeAt } from '../store/open.ts'
import { requireSameStore } from '../store/same-store.ts'
import type { StoreSchema } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import { fromHex } from '../stream/bytes.ts'
import { type Call, call, client } from './client.ts'
import { callersOf, type Guard, type Peers, type Sign, signer, verifier } from './identity.ts'
import { Registry } from './metrics.ts'
import { type StartUpPlaceholder, startUpPlaceholder } from './placeholder.ts'
import { type ServiceParts, version } from './service.ts'
import { handleShutdown, logCrashes } from './shutdown.ts'
import { untilReady } from './until-ready.ts'

type CommonEnv = Partial<StoreEnv> & {
  readonly HOST: string
  readonly PORT: number
  readonly LUCID_DATA: string
  readonly LOG_LEVEL: LogLevel
  readonly IDENTITY_KEY: Secret
  readonly IDENTITY_PEERS_FILE: string
}

/** A program in front of a service, which owns the port that the outside calls. */
export type Front = { readonly unix: string; readonly port: number }

/** What `start` hands to a service to build itself from. */
export type Parts<E> = {
  readonly env: E
  readonly log: Log
  readonly sign: Sign
  /** `checks`: that the store can serve, once it is open, and that every needed service answers. */
  readonly parts: Pick<ServiceParts, 'guard' | 'log' | 'metrics' | 'audit' | 'settings' | 'checks'>
  /**
   * The service's own store, with every collection of `schema`. While a database is away or refuses, the service
   * answers unhealthy with the cause, and goes on by itself when it can. `onRestored` undoes, before anything is served,
   * what a backup brought back and must not; called again it does the same.
   */
  readonly openStore: (schema: StoreSchema, onRestored?: (store: Store) => Promise<void>) => Promise<Store>
  /** The raw, authorised way to a needed service, and the typed one. */
  readonly reach: (callee: ServiceName, timeoutMs?: number) => Call
  readonly clientOf: <Api extends AnyElysia>(callee: ServiceName, timeoutMs?: number) => ReturnType<typeof client<Api>>
  /** Tells who calls another service, for a gateway in front of it: what that service's own guard tells. */
  readonly guardOf: (callee: ServiceName) => Guard
  /** Listens on this Unix socket instead of HOST:PORT, behind a front of its own that holds `port`. */
  readonly behind: (front: Front) => void
  /** Runs at shutdown, last added first, after requests in flight were answered. */
  readonly onStop: (close: () => Promise<void> | void) => void
}

const EX_CONFIG = 78
const EX_USAGE = 64

const readFile = (path: string) => readFileSync(path, 'utf8')

const configured = <T extends TObject>(schema: T, log: Log): Static<T> => {
  try {
    return readEnv(schema, Bun.env, readFile)
  } catch (error) {
    const faults = error instanceof EnvError ? error.faults : [String(error)]
    for (const fault of faults) log.error('bad-environment', { fault })
    process.exit(EX_CONFIG)
  }
}

/** What a migration is asked to do; undefined when the service is to serve. */
const parseMigration = (log: Log) => {
  try {
    return parseMigrateArguments(process.argv.slice(2).filter((word) => !word.startsWith('--lucid-home=')))
  } catch (error) {
    log.error('bad-words', errorFields(error))
    process.exit(EX_USAGE)
  }
}

/**
 * Resolves when the store can serve, holds what `schema` says, and is the one that the service had: `memory` is its own folder, where the
 * store is not in that. Throws Fault as `ping`, `requireSchema` and `requireSameStore`.
 */
const holds = async (store: Store, schema: StoreSchema, memory: string | undefined): Promise<void> => {
  await store.ping()
  // Before collections are made what the code declares: an older or newer release may declare them otherwise.
  await requireSchema(store, schema, { now: Date.now, version })
  if (memory !== undefined) await requireSameStore(store, memory)
  await declareAll(store, schema)
}

/** The store of a service, once it holds what `schema` says; until then a placeholder answers on its port. */
const openReady = async (
  schema: StoreSchema,
  open: () => Promise<Store>,
  { placeholder, memory }: { readonly placeholder: StartUpPlaceholder; readonly memory: string | undefined },
): Promise<Store> => {
  const store = await open()
  await untilReady({ ready: () => holds(store, schema, memory), wait: placeholder.answerWith, pause: Bun.sleep })
  return store
}

/**
 * What `build` makes. A store that goes away while a service is built from it, after it was ready, is waited for like
 * one that was never there: what was built is closed, and built again when the store is back.
 */
const buildPatiently = async (
  build: () => Promise<AnyElysia>,
  { closeParts, placeholder }: { closeParts: () => Promise<unknown>; placeholder: StartUpPlaceholder },
): Promise<AnyElysia> => {
  let built: AnyElysia | undefined
  await untilReady({
    ready: async () => {
      built = await build()
    },
    wait: async (fault) => {
      await closeParts()
      await placeholder.answerWith(fault)
    },
    pause: Bun.sleep,
  })
  return built as AnyElysia // untilReady resolves only after it was set
}

/** A store or a schema that only a changed configuration or a migration mends. */
const isConfiguration = (error: unknown): boolean => isFault(error) && /^(?:schema-|bad-store-url$)/.test(error.code)

/**
 * Starts a service: environment, identity, log, then `build`, then listens. On SIGTERM or SIGINT it takes
 * no new requests, answers those in flight, closes what `onStop` was given, and exits 0.
 */
export const start = async <T extends TObject>(
  name: ServiceName,
  schema: T,
  build: (parts: Parts<Static<T>>) => Promise<AnyElysia>,
): Promise<void> => {
  const env = configured(schema, jsonLog(name))
  const common = env as unknown as CommonEnv // every schema is made by serviceEnv, which adds these keys
  const log = jsonLog(name, { level: common.LOG_LEVEL })
  const migration = parseMigration(log)
  logCrashes(log)
  const shutdown = handleShutdown(log)
  try {
    await mkdir(common.LUCID_DATA, { recursive: true, mode: 0o700 })
    const peers: Peers = JSON.parse(readFile(common.IDENTITY_PEERS_FILE))
    const sign = signer({ name, key: common.IDENTITY_KEY })
    const guardOf = (callee: ServiceName) => verifier({ callee, callers: callersOf(callee), peers })
    const guard = guardOf(name)
    const at = { hostname: common.HOST, port: common.PORT }
    const placeholder = startUpPlaceholder(name, { parts: { guard, log }, log, at })
    const open = () => storeAt(name, common)
    let { port } = at
    let front: Front | undefined
    const needed = (callee: ServiceName, timeoutMs = 10_000) =>
      [(env as Readonly<Record<string, string>>)[urlKey(callee)] ?? '', { callee, sign, timeoutMs }] as const
    const reach: Parts<unknown>['reach'] = (...to) => call(...needed(...to))
    const settings = describeEnv(schema, env as Readonly<Record<string, unknown>>)
    const buildOnce = () => {
      const audit = lateAudit()
      const needs: readonly ServiceName[] = catalog[name].needs
      const checks = Object.fromEntries(needs.map((callee) => [callee, answers(reach(callee))]))
      return build({
        env,
        log,
        sign,
        parts: { guard, log, metrics: new Registry(), checks, settings, ...(catalog[name].store && { audit }) },
        openStore: async (own, onRestored) => {
          const schema = withAudit(own)
          if (migration !== undefined) {
            await runMigration({ open, schema, ask: migration, info: log.info, version })
            process.exit(0)
          }
          const opened = async () => {
            const store = await open()
            shutdown.onStop(() => store.close())
            return store
          }
          const memory = common.MONGO_URL === undefined ? undefined : common.LUCID_DATA
          const store = await openReady(schema, opened, { placeholder, memory })
          port = (await placeholder.close()) ?? port
          const seed = fromHex(common.IDENTITY_KEY.reveal(), 32)
          const stream = auditLog({ store, service: name, seed, now: Date.now, log })
          shutdown.onStop(stream.close)
          const undo = async () => onRestored?.(store)
          if (await takeUpRestore(common.LUCID_DATA, { stream, undo })) log.warn('restored-from-backup')
          audit.open(stream)
          checks['store'] = () => store.ping()
          return store
        },
        reach,
        clientOf: (...to) => client(...needed(...to)),
        guardOf,
        behind: (chosen) => {
          front = chosen
        },
        onStop: shutdown.onStop,
      })
    }
    const app = await buildPatiently(buildOnce, { closeParts: shutdown.closeParts, placeholder })
    shutdown.serve(app)
    app.listen(front === undefined ? { ...at, port } : { unix: front.unix })
    log.info('listening', { port: front?.port ?? app.server?.port })
  } catch (error) {
    if (shutdown.isStopping()) return // what was closed under it failed, as it should
    log.error('cannot-start', errorFields(error))
    process.exit(isConfiguration(error) ? EX_CONFIG : 1)
  }
}
