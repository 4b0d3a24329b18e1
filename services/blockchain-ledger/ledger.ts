import { Fault } from '#common/process/fault'
import type { Log } from '#common/process/log'
import type { Store } from '#common/store/store'
import { blockMaker } from './block-maker.ts'
import { type Branch, currentBranch, listBranches } from './branch.ts'
import { openHead } from './chain-head.ts'
import { openGuard } from './guard.ts'
import { intake } from './intake.ts'
import { machineState } from './machine-state.ts'
import type { Mark } from './mark.ts'
import { type Identity, openChain } from './opening.ts'
import { openPool } from './pool.ts'
import { type BlockDoc, beginBranch, collections } from './store.ts'
import { sealedBlock } from './view.ts'
import type { Vm } from './vm.ts'

export type LedgerParts = {
  readonly store: Store
  readonly vm: Vm
  readonly identity: Identity
  readonly log: Log
  readonly now: () => number
  readonly mark: Mark
  readonly onAccepted?: () => void
}

const guardFor = (parts: LedgerParts, branches: () => readonly Branch[], head: () => BlockDoc) =>
  openGuard({
    ...parts,
    branches,
    head: () => sealedBlock(head(), parts.identity.sealing.public_key),
    hashAt: async (number) => (await collections(parts.store).blocks.find({ where: { number }, limit: 1 }))[0]?.id,
  })

/** The chain of one store: takes transactions, makes blocks of them. */
export const openLedger = async ({ onAccepted = () => {}, ...parts }: LedgerParts) => {
  const { store, vm, identity, log } = parts
  const { public_key: founding } = identity.sealing
  const meta = await openChain(store, vm, identity)
  const { forks } = meta
  let branches = listBranches(founding, meta.branches)
  const pool = await openPool(store)
  const head = await openHead(store, {
    publish: (block) => guard.publish(sealedBlock(block, founding)),
    onMove: ({ mined, dropped }) => {
      pool.mined(mined)
      pool.forget(dropped)
    },
  })
  const guard = await guardFor(parts, () => branches, head.current)
  const state = machineState({ ...parts, forks, branches: () => branches, head: head.current })
  const branch = () => currentBranch(branches)

  /** Goes on from this head under a new key. Throws Fault conflict `nothing-to-decide`, `head-differs`. */
  const goOn = async (from: number): Promise<void> => {
    if (guard.isClear()) throw new Fault('conflict', 'nothing-to-decide', 'the ledger misses no block that it sealed')
    const { id, number } = head.current()
    if (number !== from)
      throw new Fault('conflict', 'head-differs', `the head is block ${number}, not ${from}; decide again`)
    const next = guard.nextBranch()
    const begun = { number: next, from: number + 1, public_key: identity.sealing.ofBranch(next).public_key }
    await beginBranch(store, id, begun)
    branches = [...branches, begun]
    await guard.settle()
    log.warn('branch-begun', begun)
  }

  return {
    meta,
    pool,
    head: head.current,
    sealerKey: founding,
    /** The keys of all branches, the one that seals now last. */
    sealers: () => branches.map(({ public_key }) => public_key),
    guard,
    goOn,
    recoverHead: state.recoverHead,
    submit: intake({ ...parts, pool, head, state, chainId: identity.chainId, onAccepted }),
    sealNext: blockMaker({ ...parts, forks, pool, head, state, branch, requireClear: guard.check }),
  }
}

export type Ledger = Awaited<ReturnType<typeof openLedger>>
