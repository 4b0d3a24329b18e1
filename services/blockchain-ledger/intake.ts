import { decodeTransaction } from '#common/ethereum/transaction'
import { Fault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import { limiter } from '#common/stream/limiter'
import { admit } from './admission.ts'
import { nextBaseFee } from './base-fee.ts'
import type { Head } from './chain-head.ts'
import type { MachineState } from './machine-state.ts'
import type { Accepted } from './model.ts'
import type { Pool } from './pool.ts'
import { collections } from './store.ts'

export type IntakeParts = {
  readonly store: Store
  readonly pool: Pool
  readonly head: Head
  readonly state: MachineState
  readonly chainId: number
  readonly now: () => number
  readonly onAccepted: () => void
}

const poolFull = () =>
  new Fault('exhausted', 'pool-full', 'too many transactions wait; try again after the next blocks', {
    retryAfter: 1000,
  })

/** Accepts a signed transaction (hex), durable once it resolves. Throws as `admit`, decoding, exhausted `pool-full`. */
export const intake = ({ store, pool, head, state, chainId, now, onAccepted }: IntakeParts) => {
  const oneAtATime = limiter(1)

  const isInStore = async (hash: string): Promise<boolean> =>
    (await collections(store).transactions.get(hash)) !== undefined

  return async (raw: string): Promise<Accepted> => {
    const tx = decodeTransaction(raw)
    await oneAtATime(async () => {
      await pool.settle()
      if (pool.has(tx.hash) || (await isInStore(tx.hash))) return
      if (pool.full()) throw poolFull()
      const balance = await state.loadBalance(tx.from)
      const sender = { nonce: await pool.loadNext(tx.from), balance, pending: pool.of(tx.from) }
      const terms = { chainId, baseFee: nextBaseFee(head.current()), now: now() }
      await pool.add(admit(raw, tx, sender, terms))
    }).catch((error) => {
      if (!pool.isSettled()) onAccepted() // it may have been kept: the next round learns it
      throw error
    })
    onAccepted()
    return { tx_hash: tx.hash }
  }
}
