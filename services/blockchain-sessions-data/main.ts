import { ANCHORS_ADDRESS } from '#common/evidence/anchor'
import { ok } from '#common/http/client'
import { start } from '#common/http/main'
import { addGauge } from '#common/http/metrics'
import { backoff } from '#common/process/backoff'
import { errorFields } from '#common/process/log'
import { poller } from '#common/stream/poller'
import type { Api as LedgerApi } from '#services/blockchain-ledger/routes'
import { Env } from './env.ts'
import { follower } from './follower.ts'
import { routes } from './routes.ts'
import { schema } from './store.ts'

await start('blockchain-sessions-data', Env, async ({ env, log, parts, openStore, clientOf, onStop }) => {
  const store = await openStore(schema)
  const ledger = clientOf<LedgerApi>('blockchain-ledger')
  const read = (from: number, limit: number) => ok(ledger.blocks.get({ query: { from, limit } }))
  const follow = follower({ store, read, contract: ANCHORS_ADDRESS, log })
  const pace = { first: env.POLL_MS, most: env.POLL_IDLE_MS }
  let quiet = 0
  const loop = poller({
    step: async () => {
      quiet = (await follow.step()) ? -1 : quiet + 1
      return quiet < 0 ? 0 : backoff(quiet, pace)
    },
    onError: (error) => {
      log.warn('ledger-not-read', errorFields(error))
      quiet = Math.max(quiet, 0) + 1
      return backoff(quiet, pace)
    },
  })
  onStop(loop.stop)
  addGauge(parts.metrics, 'lucid_index_lag_blocks', 'Blocks of the ledger that are not indexed yet', async () => {
    const { indexed, head } = await follow.progress()
    return Math.max(0, head - indexed)
  })
  return routes({ store, follower: follow, poke: loop.poke, parts: { ...parts, status: follow.progress } })
})
