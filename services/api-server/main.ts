import { catalog } from '#catalog'
import { ok } from '#common/http/client'
import { start } from '#common/http/main'
import { peopleGuard } from '#common/http/people-guard'
import { signIns } from '#common/people/sign-ins'
import { machineClocks } from '#common/process/clock'
import { urlKey } from '#common/process/env'
import { errorFields } from '#common/process/log'
import { withRequestContext } from '#common/process/request-context'
import { poller } from '#common/stream/poller'
import { Env } from './env.ts'
import { erasures } from './erasures.ts'
import { idempotency } from './idempotency.ts'
import { neighboursAt } from './neighbours.ts'
import { platformAt } from './platform.ts'
import { routes } from './routes.ts'
import { schema, tables } from './store.ts'

/** Between two looks, ms: at sign-ins, at what happens to a session, for what is due or old. */
const SIGN_INS_EVERY = 1_000
const LOOK_EVERY = 1_000
const SWEEP_EVERY = 30_000

/** A loop that a failure only delays. */
const every = (ms: number, step: () => Promise<unknown>, onError: (error: unknown) => void) =>
  poller({
    step: async () => {
      await step()
      return ms
    },
    onError: (error) => {
      onError(error)
      return ms
    },
  })

await start('api-server', Env, async ({ env, log, parts, sign, openStore, onStop }) => {
  const store = await openStore(schema)
  const { answers: answered, erasures: erasing } = tables(store)
  const urls = {
    'session-orchestrator': env.SESSION_ORCHESTRATOR_URL,
    'session-recorder': env.SESSION_RECORDER_URL,
    'session-encryptor': env.SESSION_ENCRYPTOR_URL,
    'merkle-builder': env.MERKLE_BUILDER_URL,
    'blockchain-api': env.BLOCKCHAIN_API_URL,
    authentication: env.AUTHENTICATION_URL,
  }
  const addresses = env as unknown as Readonly<Record<string, string>> // the keys of env.ts are computed
  const seen = Object.fromEntries(catalog['api-server'].reads.map((name) => [name, addresses[urlKey(name)] ?? '']))
  const neighbours = neighboursAt(urls, sign)
  const people = signIns({ fetchState: () => ok(neighbours.authentication.auth.state.get()), clocks: machineClocks })
  const once = idempotency(answered, { now: Date.now, pause: Bun.sleep })
  const erase = erasures({
    table: erasing,
    now: Date.now,
    wait: env.ERASURE_WAIT_MS,
    // On behalf of whoever asked for it: the encryptor's audit names him.
    destroy: ({ id, by }) =>
      withRequestContext({ requestId: crypto.randomUUID(), caller: undefined, actor: by }, () =>
        ok(neighbours.encryptor.sessions({ id }).key.delete()),
      ),
  })

  const stopping = new AbortController()
  // Streams of events would keep their requests in flight: they end before the service waits for those.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort())
  const pause = () =>
    new Promise<void>((resolve) => {
      const go = () => {
        clearTimeout(timer)
        stopping.signal.removeEventListener('abort', go)
        resolve()
      }
      const timer = setTimeout(go, LOOK_EVERY)
      stopping.signal.addEventListener('abort', go)
    })
  const failed = (event: string) => (error: unknown) => log.warn(event, errorFields(error))
  // /health says that authentication is away; the log need not say it every second.
  const signInLoop = every(SIGN_INS_EVERY, people.refresh, () => {})
  const sweepLoop = every(
    SWEEP_EVERY,
    async () => {
      await once.sweep()
      await erase.sweep()
    },
    failed('sweep-waits'),
  )
  onStop(async () => {
    await Promise.all([signInLoop.stop(), sweepLoop.stop()])
  })

  return routes({
    neighbours,
    erasures: erase,
    idempotency: once,
    now: Date.now,
    pause,
    isStopping: () => stopping.signal.aborted,
    platform: platformAt({ ...urls, ...seen }, async () => (await parts.metrics?.metrics()) ?? ''),
    requireHardwareSignature: (purpose, proof) =>
      ok(neighbours.authentication.auth['hardware-check'].post({ purpose, ...(proof && { proof }) })),
    parts: {
      ...parts,
      guard: peopleGuard(parts.guard, people),
      soft: Object.keys(urls),
      status: async () => ({
        kept_answers: await answered.count(),
        waiting_erasures: await erasing.count({ state: 'waiting' }),
      }),
    },
  })
})
