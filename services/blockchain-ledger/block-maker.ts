import type { Fork } from '#common/ethereum/forks'
import type { Executed } from '#common/http/chain-model'
import type { Log } from '#common/process/log'
import type { Store } from '#common/store/store'
import { limiter } from '#common/stream/limiter'
import { buildHeader, buildReceipts, contextAfter, sealBlock } from './assembly.ts'
import { GAS_LIMIT, nextBaseFee } from './base-fee.ts'
import type { Head } from './chain-head.ts'
import type { MachineState } from './machine-state.ts'
import type { Identity } from './opening.ts'
import type { Pending } from './pending.ts'
import type { Pool } from './pool.ts'
import { pricedOut, select } from './selection.ts'
import { type BlockDoc, collections } from './store.ts'

/** Transactions of one block, and bytes of them: the request to the machine stays below its body limit. */
export const BLOCK_TRANSACTIONS = 100
const BLOCK_BYTES = 3 * 1024 * 1024

export type BlockMakerParts = {
  readonly store: Store
  readonly pool: Pool
  readonly head: Head
  readonly state: MachineState
  readonly identity: Identity
  readonly forks: readonly Fork[]
  readonly requireClear: () => void
  readonly branch: () => number
  readonly log: Log
  readonly now: () => number
}

/** What of the chosen can be in the block, and what never can be in one. */
const splitExecutable = (chosen: readonly Pending[], { unexecutable }: Executed) => {
  const reasons = new Map(unexecutable.map(({ index, reason }) => [index, reason]))
  return {
    good: chosen.filter((_, at) => !reasons.has(at)),
    dropped: chosen.flatMap(({ hash }, at) => {
      const reason = reasons.get(at)
      return reason === undefined ? [] : [{ hash, reason }]
    }),
  }
}

/** Transactions for the block after `parent`; undefined when it need not be made. An empty one lowers the fee. */
const choose = (pool: Pool, parent: BlockDoc): readonly Pending[] | undefined => {
  const baseFee = nextBaseFee(parent)
  const limits = { baseFee, gas: GAS_LIMIT, count: BLOCK_TRANSACTIONS, bytes: BLOCK_BYTES }
  const chosen = select(pool.all(), pool.next, limits)
  return chosen.length > 0 || pricedOut(pool.all(), pool.next, baseFee) ? chosen : undefined
}

/** Makes and keeps one block of what waits; undefined when nothing could be in one. What waits survives a throw. */
export const blockMaker = (parts: BlockMakerParts) => {
  const { store, pool, head, state, identity, forks, log, now } = parts
  const oneAtATime = limiter(1)

  const drop = async (hashes: readonly string[]) => {
    await store.transaction(async (tx) => {
      for (const hash of hashes) await collections(tx).transactions.remove(hash)
    })
    pool.forget(hashes)
  }

  return (): Promise<BlockDoc | undefined> =>
    oneAtATime(async () => {
      parts.requireClear()
      await head.settle()
      await pool.prepare()
      const parent = head.current()
      const chosen = choose(pool, parent)
      if (chosen === undefined) return undefined
      const context = contextAfter(parent, { chain_id: identity.chainId, forks }, now())
      const executed = await state.execute({ block: context, transactions: chosen.map(({ raw }) => raw) })
      const { good, dropped } = splitExecutable(chosen, executed)
      for (const { hash, reason } of dropped) log.warn('transaction-dropped', { tx_hash: hash, reason })
      const gone = dropped.map(({ hash }) => hash)
      if (good.length === 0 && gone.length > 0) {
        await drop(gone)
        return undefined
      }
      const header = await buildHeader(
        context,
        good.map(({ raw }) => raw),
        executed,
      )
      const mined = good.map(({ hash }) => hash)
      const block = sealBlock(header, mined, identity.sealing, parts.branch())
      await head.append({ block, receipts: buildReceipts(block, executed), mined, dropped: gone })
      log.info('sealed', { block: block.number, transactions: good.length, gas: block.gas_used })
      return block
    })
}
