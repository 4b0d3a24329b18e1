import { deriveAddress } from '#common/ethereum/address'
import { silentLog } from '#common/process/log'
import { sqliteStore } from '#common/store/sqlite'
import { CONTRACT, type FakeChain } from './fake-chain.fixture.ts'
import type { AnchorRequest } from './model.ts'
import { signAnchor } from './signing.ts'
import { queue } from './store.ts'
import { worker } from './worker.ts'

/** For tests: a real worker and queue over the fake chain. */
export const secretKey = '11'.repeat(32)
export const account = deriveAddress(secretKey)

/** Anchor number `n`. */
export const request = (n: number): AnchorRequest => ({
  session_id: `0b0e7a52-2a4e-4f4b-9d3a-${n.toString(16).padStart(12, '0')}`,
  manifest_hash: (n + 1).toString(16).padStart(64, 'a'),
  started_at: 1_700_000_000_000 + n,
  owner: 'bb'.repeat(20),
  merkle_root: 'cc'.repeat(32),
  chunk_count: n + 1,
})

/** A worker over a queue that outlives it, and a clock that a test moves. */
export const setUp = (fake: FakeChain, confirmations = 1) => {
  const jobs = queue(sqliteStore({ path: ':memory:' }))
  let time = 0
  const born = () =>
    worker({
      queue: jobs,
      chain: fake.chain,
      blocks: fake.blocks,
      account,
      sign: (job, nonce, facts) => signAnchor(job, nonce, facts, { contract: CONTRACT, secretKey }),
      confirmations,
      steady: () => time,
      log: silentLog,
    })
  return {
    jobs,
    born,
    /** Long enough for everything to be sent again. */
    later: () => {
      time += 100_000
    },
    state: async (n: number) => (await jobs.get(request(n).session_id))?.state,
  }
}
