import { deriveAddress } from '#common/ethereum/address'
import { ANCHORS_ADDRESS } from '#common/evidence/anchor'
import { isUnreachable } from '#common/http/client'
import { start } from '#common/http/main'
import { Gauge } from '#common/http/metrics'
import { backoff } from '#common/process/backoff'
import { answers } from '#common/process/health'
import { errorFields } from '#common/process/log'
import { poller } from '#common/stream/poller'
import { chain } from './chain.ts'
import { Env } from './env.ts'
import { routes } from './routes.ts'
import { rpcOver } from './rpc.ts'
import { signAnchor } from './signing.ts'
import { queue, schema } from './store.ts'
import { worker } from './worker.ts'

/** With nothing to do the loop sleeps until it is woken; setTimeout takes no more than 2^31 - 1. */
const ASLEEP = 2 ** 31 - 1
/** Milliseconds between two tries while the chain is away. */
const AWAY = { first: 250, most: 15_000 } as const

await start('on-system-chain-client', Env, async ({ env, log, parts, openStore, reach, onStop }) => {
  const store = await openStore(schema)
  const jobs = queue(store)
  const api = reach('blockchain-api', env.BLOCKCHAIN_API_URL)
  const secretKey = env.PRIVATE_KEY.reveal()
  const account = deriveAddress(secretKey)
  const pace = { first: env.POLL_MS, most: 10 * env.POLL_MS }
  const anchoring = worker({
    queue: jobs,
    chain: chain(rpcOver(api), ANCHORS_ADDRESS),
    account,
    sign: (job, nonce, facts) => signAnchor(job, nonce, facts, { contract: ANCHORS_ADDRESS, secretKey }),
    confirmations: env.CONFIRMATIONS,
    now: Date.now,
    log,
  })
  let [rounds, failures] = [0, 0]
  const loop = poller({
    step: async () => {
      const busy = await anchoring.round()
      failures = 0
      rounds = busy ? rounds + 1 : 0
      return busy ? backoff(Math.floor(rounds / 10), pace) : ASLEEP
    },
    onError: (error) => {
      if (failures === 0 || !isUnreachable(error)) log.warn('chain-away', errorFields(error))
      failures++
      return backoff(failures, AWAY)
    },
  })
  onStop(loop.stop)
  new Gauge({
    name: 'lucid_anchor_jobs',
    help: 'Anchors by state',
    labelNames: ['state'],
    registers: [parts.metrics].filter((registry) => registry !== undefined),
    async collect() {
      for (const [state, count] of Object.entries(await jobs.counts())) this.set({ state }, count)
    },
  })
  return routes({
    queue: jobs,
    poke: () => {
      rounds = 0
      void loop.poke().catch(() => {})
    },
    now: Date.now,
    parts: {
      ...parts,
      checks: {
        store: () => store.ping(),
        'blockchain-api': answers(reach('blockchain-api', env.BLOCKCHAIN_API_URL, 2000)),
        'chain-takes-anchors': async () => {
          const trouble = anchoring.trouble()
          if (trouble !== undefined) throw new Error(trouble)
        },
      },
      status: async () => ({ account, confirmations: env.CONFIRMATIONS, jobs: await jobs.counts() }),
    },
  })
})
