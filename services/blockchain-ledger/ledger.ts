import type { Log } from '#common/process/log'
import type { Store } from '#common/store/store'
import { blockMaker } from './block-maker.ts'
import { openHead } from './chain-head.ts'
import { intake } from './intake.ts'
import { machineState } from './machine-state.ts'
import { type Identity, openChain } from './opening.ts'
import { openPool } from './pool.ts'
import type { Vm } from './vm.ts'

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
export const openLedger = async ({ onAccepted = () => {}, ...parts }: LedgerParts) => {
  const { store, vm, identity } = parts
  const meta = await openChain(store, vm, identity)
  const { forks } = meta
  const pool = await openPool(store)
  const head = await openHead(store, ({ mined, dropped }) => {
    pool.mined(mined)
    pool.forget(dropped)
  })
  const state = machineState({ ...parts, forks, head: head.current })
  return {
    meta,
    pool,
    head: head.current,
    sealerKey: identity.sealing.public_key,
    recoverHead: state.recoverHead,
    submit: intake({ ...parts, pool, head, state, chainId: identity.chainId, onAccepted }),
    sealNext: blockMaker({ ...parts, forks, pool, head, state }),
  }
}

export type Ledger = Awaited<ReturnType<typeof openLedger>>
