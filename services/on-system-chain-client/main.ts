import { plural } from '#common/cli/format'
import { deriveAddress } from '#common/ethereum/address'
import { ANCHORS_ADDRESS } from '#common/evidence/anchor'
import { start } from '#common/http/main'
import { Gauge } from '#common/http/metrics'
import { Fault } from '#common/process/fault'
import { listSealed } from '#common/store/sealed-blocks'
import { chain } from './chain.ts'
import { Env } from './env.ts'
import { blocksOver } from './history.ts'
import { anchorLoop } from './loop.ts'
import { routes } from './routes.ts'
import { rpcOver } from './rpc.ts'
import { signAnchor } from './signing.ts'
import { queue, schema } from './store.ts'
import { worker } from './worker.ts'

const lostAnchors = (count: number) =>
  new Fault(
    'unavailable',
    'anchors-lost',
    `the chain went back to older data and lost ${plural(count, 'anchor')}, queued again: bun run recover chain if the ledger waits for it`,
  )

await start('on-system-chain-client', Env, async ({ env, log, parts, openStore, reach, onStop }) => {
  const store = await openStore(schema)
  const jobs = queue(store)
  const api = reach('blockchain-api')
  const secretKey = env.PRIVATE_KEY.reveal()
  const account = deriveAddress(secretKey)
  const anchoring = worker({
    queue: jobs,
    chain: chain(rpcOver(api), ANCHORS_ADDRESS),
    blocks: blocksOver(api),
    account,
    sign: (job, nonce, facts) => signAnchor(job, nonce, facts, { contract: ANCHORS_ADDRESS, secretKey }),
    confirmations: env.CONFIRMATIONS,
    steady: () => performance.now(),
    log,
  })
  const loop = anchorLoop(anchoring.round, {
    pace: { first: env.POLL_MS, most: 10 * env.POLL_MS },
    idleMs: env.POLL_IDLE_MS,
    log,
  })
  onStop(loop.stop)
  // What the chain may have lost while nobody was here.
  loop.wake()
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
    sealed: () => listSealed(store),
    poke: loop.wake,
    now: Date.now,
    parts: {
      ...parts,
      checks: {
        ...parts.checks,
        'chain-takes-anchors': async () => {
          const trouble = anchoring.trouble()
          if (trouble !== undefined) throw new Fault('unavailable', 'chain-refuses', trouble)
        },
        'chain-keeps-anchors': async () => {
          const lost = await jobs.lost()
          if (lost > 0) throw lostAnchors(lost)
        },
      },
      decisions: ['chain-keeps-anchors'],
      status: async () => ({ account, confirmations: env.CONFIRMATIONS, jobs: await jobs.counts() }),
    },
  })
})
