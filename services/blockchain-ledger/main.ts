import { client } from '#common/http/client'
import { start } from '#common/http/main'
import { addGauge } from '#common/http/metrics'
import { retry } from '#common/process/backoff'
import { isFault } from '#common/process/fault'
import { answers } from '#common/process/health'
import type { Api as VmApi } from '#services/blockchain-vm/routes'
import { BLOCK_TRANSACTIONS } from './block-maker.ts'
import { Env } from './env.ts'
import { type LedgerParts, openLedger } from './ledger.ts'
import { routes } from './routes.ts'
import { sealing } from './seal.ts'
import { sealer } from './sealer.ts'
import { schema } from './store.ts'
import { remoteVm } from './vm.ts'

/** A block of 30 million gas takes seconds, and many on a small machine. */
const EXECUTE_TIMEOUT = 120_000
/** The virtual machine starts beside this service: it is waited for, at most this often, so many ms apart. */
const START_ATTEMPTS = 120
const START_PAUSE = 250

const openPatiently = (parts: LedgerParts) =>
  retry(() => openLedger(parts), {
    tries: START_ATTEMPTS,
    isPassing: (error) => isFault(error, 'unreachable'),
    delay: () => START_PAUSE,
    pause: Bun.sleep,
  })

await start('blockchain-ledger', Env, async ({ env, log, sign, parts, openStore, reach, onStop }) => {
  const store = await openStore(schema)
  const api = client<VmApi>(env.BLOCKCHAIN_VM_URL, {
    callee: 'blockchain-vm',
    sign,
    timeoutMs: EXECUTE_TIMEOUT,
  })
  const ledger = await openPatiently({
    store,
    vm: remoteVm(api),
    identity: {
      chainId: env.CHAIN_ID,
      registrar: env.REGISTRAR_ADDRESS,
      sealing: sealing(env.LEDGER_KEY.reveal()),
    },
    log,
    now: Date.now,
    onAccepted: () => loop.wake(),
  })
  const loop = sealer({
    seal: async () => (await ledger.sealNext()) !== undefined,
    prepare: ledger.recoverHead,
    // Nothing is gained by waiting for company when a block is full already.
    window: () => (ledger.pool.size() < BLOCK_TRANSACTIONS ? env.BLOCK_WINDOW_MS : 0),
    sleep: Bun.sleep,
    log,
  })
  void loop.resume()
  onStop(loop.stop)
  addGauge(
    parts.metrics,
    'lucid_ledger_pending_transactions',
    'Accepted transactions that are in no block yet',
    ledger.pool.size,
  )
  return routes({
    ledger,
    store,
    parts: {
      ...parts,
      checks: {
        store: store.ping,
        sealing: async () => loop.check(),
        'blockchain-vm': answers(reach('blockchain-vm', env.BLOCKCHAIN_VM_URL, 2000)),
      },
    },
  })
})
