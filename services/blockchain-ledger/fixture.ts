import { type Fork, NEWEST_RULES } from '#common/ethereum/forks'
import type { SealedBlock } from '#common/evidence/anchor'
import { silentLog } from '#common/process/log'
import { sqliteStore } from '#common/store/sqlite'
import type { Store } from '#common/store/store'
import { CHAIN_ID, memoryNodes, REGISTRAR } from '#services/blockchain-vm/fixture'
import { type Machine, machine } from '#services/blockchain-vm/machine'
import { type LedgerParts, openLedger } from './ledger.ts'
import type { Mark } from './mark.ts'
import { sealing } from './seal.ts'
import { type BlockDoc, collections } from './store.ts'
import { views } from './view.ts'
import type { Vm } from './vm.ts'

export const LEDGER_SEED = '33'.repeat(32)

/** A machine in this process as the ledger sees it; over HTTP the arrays lose their readonly in the client. */
export const vmOf = (made: Machine): Vm => ({
  genesis: made.genesis,
  execute: ({ transactions, ...rest }) => made.execute({ ...rest, transactions: [...transactions] }),
  account: made.account,
  hasState: made.hasState,
})

/** The real virtual machine in this process, and how to make it forget. */
export const localVm = () => {
  let nodes = memoryNodes()
  let made = vmOf(machine(nodes))
  const calls = { execute: 0 }
  const vm: Vm = {
    genesis: (request) => made.genesis(request),
    execute: (request) => {
      calls.execute += 1
      return made.execute(request)
    },
    account: (root, address) => made.account(root, address),
    hasState: (root) => made.hasState(root),
  }
  const forget = () => {
    nodes = memoryNodes()
    made = vmOf(machine(nodes))
  }
  return { vm, forget, calls, storedNodes: () => nodes.stored }
}

export const identity = { chainId: CHAIN_ID, registrar: REGISTRAR, sealing: sealing(LEDGER_SEED) }

/** Those of a chain that is founded by this release. */
export const forks: readonly Fork[] = [{ from: 0, rules: NEWEST_RULES }]

/** A ledger on the real machine; the clock stands still unless the test moves it. */
export const ledgerOn = (store: Store, vm: Vm, over: Partial<LedgerParts> = {}) =>
  openLedger({ store, vm, identity, log: silentLog, now: () => 1_800_000_000_000, mark: memoryMark(), ...over })

/** A mark in memory; as with a file, only what was written is there after a restart. */
export const memoryMark = (): Mark => {
  let kept: SealedBlock | undefined
  return {
    read: async () => kept,
    write: async (sealed) => {
      kept = sealed
    },
  }
}

export const memoryStore = () => sqliteStore({ path: ':memory:' })

/** A founded ledger on a store in memory, and everything around it. */
export const opened = async () => {
  const store = memoryStore()
  const local = localVm()
  const ledger = await ledgerOn(store, local.vm)
  return { store, ...local, ledger, view: views(store, ledger.sealerKey) }
}

/** Changes what is kept behind the ledger's back. */
export const tamper = async (store: Store, number: number, change: (block: BlockDoc) => Partial<BlockDoc>) => {
  const { blocks } = collections(store)
  const [found] = await blocks.find({ where: { number } })
  if (!found) throw new Error('no block')
  const { rev, ...doc } = found
  await blocks.replace({ ...doc, ...change(doc) }, rev)
}
