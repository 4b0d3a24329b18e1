import { start } from '#common/http/main'
import { addGauge } from '#common/http/metrics'
import { readPublic } from '#common/http/read-public'
import { retry } from '#common/process/backoff'
import { urlKey } from '#common/process/env'
import { isFault } from '#common/process/fault'
import { errorFields } from '#common/process/log'
import { poller } from '#common/stream/poller'
import type { Api as VmApi } from '#services/blockchain-vm/routes'
import { BLOCK_TRANSACTIONS } from './block-maker.ts'
import { Env, witnesses } from './env.ts'
import { type LedgerParts, openLedger } from './ledger.ts'
import { fileMark } from './mark.ts'
import { followOrder } from './order.ts'
import { ownFolder } from './own-folder.ts'
import { routes } from './routes.ts'
import { sealing } from './seal.ts'
import { sealer } from './sealer.ts'
import { schema } from './store.ts'
import { remoteVm } from './vm.ts'
import { askWitnesses } from './witnesses.ts'

/** A block of 30 million gas takes seconds, and many on a small machine. */
const EXECUTE_TIMEOUT = 120_000
/** The virtual machine starts beside this service: it is waited for, at most this often, so many ms apart. */
const START_ATTEMPTS = 120
const START_PAUSE = 250
/** Between two questions to a reader of the chain that does not answer, and between two looks for an order, ms. */
const AGAIN_MS = 500
/** A reader's answer holds a block of 2 kB a branch. */
const WITNESS = { timeoutMs: 2000, maxBytes: 4 * 1024 * 1024 } as const

const openPatiently = (parts: LedgerParts) =>
  retry(() => openLedger(parts), {
    tries: START_ATTEMPTS,
    isPassing: (error) => isFault(error, 'unreachable'),
    delay: () => START_PAUSE,
    pause: Bun.sleep,
  })

await start('blockchain-ledger', Env, async ({ env, log, parts, openStore, clientOf, onStop }) => {
  const store = await openStore(schema)
  const folder = ownFolder(env.LUCID_DATA)
  const ledger = await openPatiently({
    store,
    vm: remoteVm(clientOf<VmApi>('blockchain-vm', EXECUTE_TIMEOUT)),
    identity: { chainId: env.CHAIN_ID, registrar: env.REGISTRAR_ADDRESS, sealing: sealing(env.LEDGER_KEY.reveal()) },
    log,
    now: Date.now,
    mark: fileMark(folder),
    onAccepted: () => loop.wake(),
  })
  const addresses = env as unknown as Readonly<Record<string, string>> // the keys of env.ts are computed
  const asked = askWitnesses({
    names: witnesses,
    read: (name) => readPublic(`${addresses[urlKey(name)]}/sealed`, WITNESS),
    learn: ledger.guard.learn,
    sleep: Bun.sleep,
    againMs: AGAIN_MS,
  })
  const mayBegin = Promise.race([asked.heard, Bun.sleep(env.WITNESS_WAIT_MS)])
  const orders = poller({
    step: async () => {
      if (await followOrder(folder, ledger, log)) loop.wake()
      return AGAIN_MS
    },
    onError: (error) => {
      log.error('order-not-read', errorFields(error))
      return 10 * AGAIN_MS
    },
  })
  onStop(async () => {
    asked.stop()
    await orders.stop()
  })
  const loop = sealer({
    seal: async () => {
      await mayBegin
      return (await ledger.sealNext()) !== undefined
    },
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
        ...parts.checks,
        sealing: async () => {
          // What the guard forbids is said by `history`.
          if (ledger.guard.isClear()) loop.check()
        },
        history: async () => ledger.guard.check(),
      },
      decisions: ['history'],
    },
  })
})
