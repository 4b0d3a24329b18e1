import { type Fork, rulesAt } from '#common/ethereum/forks'
import type { BlockContext } from '#common/http/chain-model'
import { Fault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import { buildBlock, buildHeader } from './assembly.ts'
import { checkSeal } from './seal.ts'
import { type BlockDoc, collections } from './store.ts'
import type { Vm } from './vm.ts'

/** The chain that blocks are executed for again. */
type Chain = {
  readonly vm: Vm
  readonly chainId: number
  readonly forks: readonly Fork[]
  /** The key of every branch, the founding one first. */
  readonly sealers: readonly string[]
}

const blockAt = async (store: Store, number: number): Promise<BlockDoc> => {
  const [block] = await collections(store).blocks.find({ where: { number }, limit: 1 })
  if (block === undefined) throw new Fault('missing', 'no-such-block', `block ${number} is not stored`)
  return block
}

const readContext = (block: BlockDoc, { chainId, forks }: Chain): BlockContext => ({
  chain_id: chainId,
  number: block.number,
  parent_hash: block.parent_hash,
  timestamp: block.timestamp,
  gas_limit: block.gas_limit,
  base_fee: block.base_fee,
  rules: rulesAt(forks, block.number),
})

export type Replayed = { readonly block: BlockDoc; readonly transactions: readonly string[] }

/**
 * Executes a stored block again on its parent's state and requires that everything stored of it comes out the
 * same, the hash first: transactions, receipts, roots, gas, fee and link to the parent are all under it.
 * Throws Fault conflict `block-differs` or `seal-differs`.
 */
export const replayBlock = async (chain: Chain, parent: BlockDoc, { block, transactions }: Replayed): Promise<void> => {
  const differs = (what: string) =>
    new Fault('conflict', 'block-differs', `block ${block.number} was altered: ${what}; restore a backup`)
  if (block.parent_hash !== parent.id) throw differs('it does not follow the block before it')
  const [founding = ''] = chain.sealers
  const { sealed_by: public_key = founding, signature } = block
  if (!chain.sealers.includes(public_key) || !checkSeal(block.id, { public_key, signature }))
    throw new Fault('conflict', 'seal-differs', `block ${block.number} is not sealed by this ledger`)
  const executed = await chain.vm.execute({
    state_root: parent.state_root,
    block: readContext(block, chain),
    transactions,
  })
  if (executed.unexecutable.length > 0) throw differs('a transaction cannot be executed')
  const header = await buildHeader(readContext(block, chain), transactions, executed)
  const made = buildBlock(
    header,
    executed.receipts.map(({ tx_hash }) => tx_hash),
  )
  for (const name of Object.keys(made) as (keyof typeof made)[])
    if (!Bun.deepEquals(made[name], block[name]))
      throw differs(`executing it again gives another ${name === 'id' ? 'hash' : name}`)
}

const loadRaws = async (store: Store, block: BlockDoc): Promise<readonly string[]> =>
  Promise.all(
    block.tx_hashes.map(async (hash) => {
      const doc = await collections(store).transactions.get(hash)
      if (doc === undefined)
        throw new Fault('conflict', 'block-differs', `block ${block.number} lost transaction ${hash}; restore a backup`)
      return doc.raw
    }),
  )

export type RecoveryParts = Chain & { readonly store: Store; readonly registrar: string }

/** Executes anew what the virtual machine lost of the state of `head`; answers how many blocks that were. */
export const recover = async (parts: RecoveryParts, head: BlockDoc): Promise<number> => {
  const { store, vm, chainId, registrar } = parts
  let parent = head
  while (parent.number > 0 && !(await vm.hasState(parent.state_root))) parent = await blockAt(store, parent.number - 1)
  if (parent.number === 0) {
    const { state_root } = await vm.genesis({ chain_id: chainId, registrar })
    if (state_root !== parent.state_root)
      throw new Fault('conflict', 'block-differs', 'the virtual machine makes another genesis; is its version older?')
  }
  const first = parent.number
  while (parent.number < head.number) {
    const block = await blockAt(store, parent.number + 1)
    await replayBlock(parts, parent, { block, transactions: await loadRaws(store, block) })
    parent = block
  }
  return head.number - first
}
