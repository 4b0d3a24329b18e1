import { decodeTransaction } from '#common/ethereum/transaction'
import { Fault, isFault } from '#common/process/fault'
import type { Log } from '#common/process/log'
import type { Store } from '#common/store/store'
import { limiter } from '#common/stream/limiter'
import { admit } from './admission.ts'
import { contextAfter, headerOf, receiptsOf, sealBlock } from './assembly.ts'
import { GAS_LIMIT, nextBaseFee } from './base-fee.ts'
import type { Accepted } from './model.ts'
import { headOf, type Identity, openChain } from './opening.ts'
import type { Pending } from './pending.ts'
import { openPool } from './pool.ts'
import { recover } from './recovery.ts'
import { pricedOut, select } from './selection.ts'
import { type BlockDoc, type Commit, collections, commitBlock } from './store.ts'
import type { Executed, Vm } from './vm.ts'

/** Transactions of one block, and bytes of them: the request to the machine stays below its body limit. */
export const BLOCK_TRANSACTIONS = 100
const BLOCK_BYTES = 3 * 1024 * 1024

export type LedgerParts = {
  readonly store: Store
  readonly vm: Vm
  readonly identity: Identity
  readonly log: Log
  readonly now: () => number
  /** Called when a transaction was accepted. */
  readonly onAccepted?: () => void
}

/** The chain of one store: takes transactions, makes blocks of them. */
export const openLedger = async (parts: LedgerParts) => {
  const { store, vm, identity, log, now, onAccepted } = parts
  const { chainId, registrar, sealing } = identity
  const meta = await openChain(store, vm, identity)
  const pool = await openPool(store)
  const oneAtATime = limiter(1)
  const sealOne = limiter(1)
  let head = await headOf(store)
  let balances = new Map<string, Promise<bigint>>()
  let recovering: Promise<void> | undefined
  const unsure = new Map<string, Commit>()

  const moveTo = (block: BlockDoc) => {
    head = block
    balances = new Map()
  }

  const recoverHead = (): Promise<void> => {
    recovering ??= recover({ store, vm, chainId, registrar, sealerKey: sealing.public_key }, head)
      .then((blocks) => {
        if (blocks > 0) log.warn('state-recovered', { blocks, head: head.number })
      })
      .finally(() => {
        recovering = undefined
      })
    return recovering
  }

  /** The machine's state is a function of the blocks: when it lost it, it gets it back and is asked again. */
  const withState = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      if (!isFault(error, 'unknown-state')) throw error
      await recoverHead()
      return work()
    }
  }

  const balanceOf = (sender: string): Promise<bigint> => {
    const known = balances.get(sender)
    if (known) return known
    const asked = balances
    const answer = withState(() => vm.account(head.state_root, sender)).then(({ balance }) => BigInt(balance))
    asked.set(sender, answer)
    answer.catch(() => asked.delete(sender))
    return answer
  }

  const isKnown = async (hash: string): Promise<boolean> =>
    pool.has(hash) || (await collections(store).transactions.get(hash)) !== undefined

  /**
   * Accepts a signed transaction (hex); durable once it resolves, and then mined for certain. The same one
   * again gets the same answer. Throws the Faults of `admit` and of decoding, exhausted `pool-full`.
   */
  const submit = async (raw: string): Promise<Accepted> => {
    const tx = decodeTransaction(raw)
    await oneAtATime(async () => {
      await pool.settle()
      if (await isKnown(tx.hash)) return
      if (pool.full())
        throw new Fault(
          'exhausted',
          'pool-full',
          'too many transactions wait; try again after the next blocks',
          {
            retryAfter: 1000,
          },
        )
      const balance = await balanceOf(tx.from)
      const sender = { nonce: await pool.loadNext(tx.from), balance, pending: pool.of(tx.from) }
      await pool.add(admit(raw, tx, sender, { chainId, baseFee: nextBaseFee(head), now: now() }))
    }).catch((error) => {
      if (!pool.isSettled()) onAccepted?.() // it may have been kept: the next round learns it
      throw error
    })
    onAccepted?.()
    return { tx_hash: tx.hash }
  }

  const take = ({ block, mined, dropped }: Commit) => {
    moveTo(block)
    pool.mined(mined)
    pool.forget(dropped)
    unsure.clear()
  }

  /** Learns what became of blocks whose commit was not confirmed: of all that follow one head one at most is kept. */
  const settle = async (): Promise<void> => {
    if (unsure.size === 0) return
    const kept = unsure.get((await headOf(store)).id)
    if (kept) take(kept)
  }

  const keep = async (block: BlockDoc, executed: Executed, dropped: readonly string[]) => {
    const commit = { block, receipts: receiptsOf(block, executed), mined: block.tx_hashes, dropped }
    try {
      await commitBlock(store, head.id, commit)
    } catch (error) {
      if (!isFault(error) || error.kind !== 'unavailable' || error.code === 'disk-full') throw error
      // The commit may have reached the disk although its answer did not: the store knows, now or when it is back.
      unsure.set(block.id, commit)
      await settle().catch(() => {})
      if (head.id !== block.id) throw error
      return
    }
    take(commit)
  }

  const dropOnly = async (dropped: readonly string[]) => {
    await store.transaction(async (tx) => {
      for (const hash of dropped) await collections(tx).transactions.remove(hash)
    })
    pool.forget(dropped)
  }

  const executeAfterHead = async (chosen: readonly Pending[]) => {
    const context = contextAfter(head, chainId, now())
    const executed = await withState(() =>
      vm.execute({
        state_root: head.state_root,
        block: context,
        transactions: chosen.map(({ raw }) => raw),
      }),
    )
    const bad = new Map(executed.unexecutable.map(({ index, reason }) => [index, reason]))
    for (const [index, reason] of bad)
      log.warn('transaction-dropped', { tx_hash: chosen[index]?.hash, reason })
    return {
      context,
      executed,
      good: chosen.filter((_, at) => !bad.has(at)),
      dropped: chosen.filter((_, at) => bad.has(at)).map(({ hash }) => hash),
    }
  }

  /**
   * Makes one block of what waits and keeps it; answers it, or undefined when nothing could be in one.
   * Nothing is lost when it throws: what waits still waits.
   */
  const sealNext = (): Promise<BlockDoc | undefined> =>
    sealOne(async () => {
      await settle()
      await pool.prepare()
      const baseFee = nextBaseFee(head)
      const limits = { baseFee, gas: GAS_LIMIT, count: BLOCK_TRANSACTIONS, bytes: BLOCK_BYTES }
      const chosen = select(pool.all(), pool.next, limits)
      if (chosen.length === 0 && !pricedOut(pool.all(), pool.next, baseFee)) return undefined
      const { context, executed, good, dropped } = await executeAfterHead(chosen)
      if (good.length === 0 && dropped.length > 0) {
        await dropOnly(dropped)
        return undefined
      }
      const header = await headerOf(
        context,
        good.map(({ raw }) => raw),
        executed,
      )
      const block = sealBlock(
        header,
        good.map(({ hash }) => hash),
        sealing,
      )
      await keep(block, executed, dropped)
      log.info('sealed', { block: block.number, transactions: good.length, gas: block.gas_used })
      return block
    })

  return { meta, submit, sealNext, recoverHead, pool, head: () => head, sealerKey: sealing.public_key }
}

export type Ledger = Awaited<ReturnType<typeof openLedger>>
