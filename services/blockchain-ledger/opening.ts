import { extendForks, type Fork, NEWEST_RULES } from '#common/ethereum/forks'
import { Fault } from '#common/process/fault'
import type { Store, Stored } from '#common/store/store'
import { sealBlock } from './assembly.ts'
import { genesisHeader } from './genesis.ts'
import type { Sealing } from './seal.ts'
import { type BlockDoc, collections, type MetaDoc } from './store.ts'
import type { Vm } from './vm.ts'

/** What makes a chain this chain; a ledger serves one for as long as its store lives. */
export type Identity = { readonly chainId: number; readonly registrar: string; readonly sealing: Sealing }

/** The chain's document as an opened chain has it. */
export type ChainDoc = MetaDoc & { readonly forks: readonly Fork[] }

const foreign = (what: string, stored: string | number, configured: string | number) =>
  new Fault(
    'conflict',
    'foreign-store',
    `this store holds a chain with ${what} ${stored}, but ${configured} is configured; put the old value back or use an empty data folder`,
  )

const checkSame = (meta: MetaDoc, { chainId, registrar, sealing }: Identity) => {
  if (meta.chain_id !== chainId) throw foreign('chain id', meta.chain_id, chainId)
  if (meta.registrar !== registrar) throw foreign('registrar', meta.registrar, registrar)
  if (meta.sealer_public_key !== sealing.public_key)
    throw foreign('ledger key', meta.sealer_public_key, sealing.public_key)
}

const foundChain = async (store: Store, vm: Vm, { chainId, registrar, sealing }: Identity): Promise<ChainDoc> => {
  const { state_root } = await vm.genesis({ chain_id: chainId, registrar })
  const block = sealBlock(genesisHeader(chainId, state_root), [], sealing)
  const meta: ChainDoc = {
    id: 'chain',
    chain_id: chainId,
    registrar,
    genesis_hash: block.id,
    sealer_public_key: sealing.public_key,
    head: block.id,
    forks: [{ from: 0, rules: NEWEST_RULES }],
    forks_until: 0,
  }
  await store.transaction(async (tx) => {
    await collections(tx).meta.insert(meta)
    await collections(tx).blocks.insert(block)
  })
  return meta
}

/** Writes down from which block on the chain has the newest rules; what was written before stays as it is. */
const recordForks = async (store: Store, stored: Stored<MetaDoc>): Promise<ChainDoc> => {
  const { rev, forks = [], forks_until, ...meta } = stored
  const { number } = await loadHead(store)
  const extended = extendForks(forks, { known: forks_until, head: number })
  const opened = { ...meta, forks: extended, forks_until: number }
  if (forks_until !== number || !Bun.deepEquals(forks, extended)) await collections(store).meta.replace(opened, rev)
  return opened
}

/**
 * Opens the chain in a store, or founds it in an empty one. Throws Fault conflict `foreign-store` when it was
 * founded with another chain id, registrar or ledger key, unavailable while the virtual machine is away.
 */
export const openChain = async (store: Store, vm: Vm, identity: Identity): Promise<ChainDoc> => {
  const meta = await collections(store).meta.get('chain')
  if (meta === undefined) return foundChain(store, vm, identity)
  checkSame(meta, identity)
  return recordForks(store, meta)
}

/** The newest block. */
export const loadHead = async (store: Store): Promise<BlockDoc> => {
  const { meta, blocks } = collections(store)
  const head = await blocks.get((await meta.get('chain'))?.head ?? '')
  if (head === undefined) throw new Fault('missing', 'no-head', 'the store names a newest block that it does not hold')
  return head
}
