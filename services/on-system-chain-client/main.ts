import { deriveAddress } from '#common/ethereum/address'
import { ANCHORS_ADDRESS } from '#common/evidence/anchor'
import { start } from '#common/http/main'
import { Gauge } from '#common/http/metrics'
import { answers } from '#common/process/health'
import { chain } from './chain.ts'
import { Env } from './env.ts'
import { anchorLoop } from './loop.ts'
import { routes } from './routes.ts'
import { rpcOver } from './rpc.ts'
import { signAnchor } from './signing.ts'
import { queue, schema } from './store.ts'
import { worker } from './worker.ts'

await start('on-system-chain-client', Env, async ({ env, log, parts, openStore, reach, onStop }) => {
  const store = await openStore(schema)
  const jobs = queue(store)
  const api = reach('blockchain-api', env.BLOCKCHAIN_API_URL)
  const secretKey = env.PRIVATE_KEY.reveal()
  const account = deriveAddress(secretKey)
  const anchoring = worker({
    queue: jobs,
    chain: chain(rpcOver(api), ANCHORS_ADDRESS),
    account,
    sign: (job, nonce, facts) => signAnchor(job, nonce, facts, { contract: ANCHORS_ADDRESS, secretKey }),
    confirmations: env.CONFIRMATIONS,
    now: Date.now,
    log,
  })
  const loop = anchorLoop(anchoring.round, { pace: { first: env.POLL_MS, most: 10 * env.POLL_MS }, log })
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
    poke: loop.wake,
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
