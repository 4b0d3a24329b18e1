import type { Fork } from '#common/ethereum/forks'
import { isFault } from '#common/process/fault'
import type { Log } from '#common/process/log'
import type { Store } from '#common/store/store'
import type { Branch } from './branch.ts'
import type { Identity } from './opening.ts'
import { recover } from './recovery.ts'
import type { BlockDoc } from './store.ts'
import type { Vm } from './vm.ts'

export type MachineStateParts = {
  readonly store: Store
  readonly vm: Vm
  readonly identity: Identity
  readonly forks: readonly Fork[]
  readonly branches: () => readonly Branch[]
  readonly log: Log
  readonly head: () => BlockDoc
}

/** The machine's state at the head: when the machine lost it, it gets it back from the blocks and is asked again. */
export const machineState = ({ store, vm, identity, forks, branches, log, head }: MachineStateParts) => {
  let recovering: Promise<void> | undefined
  let balances = { root: '', bySender: new Map<string, Promise<bigint>>() }

  const recoverHead = (): Promise<void> => {
    const { chainId, registrar } = identity
    const sealers = branches().map(({ public_key }) => public_key)
    recovering ??= recover({ store, vm, chainId, registrar, forks, sealers }, head())
      .then((blocks) => {
        if (blocks > 0) log.warn('state-recovered', { blocks, head: head().number })
      })
      .finally(() => {
        recovering = undefined
      })
    return recovering
  }

  const withState = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      if (!isFault(error, 'unknown-state')) throw error
      await recoverHead()
      return work()
    }
  }

  /** Wei of an account at the head; asked for once a state. */
  const loadBalance = (sender: string): Promise<bigint> => {
    const root = head().state_root
    if (balances.root !== root) balances = { root, bySender: new Map() }
    const { bySender } = balances
    const cached = bySender.get(sender)
    if (cached) return cached
    const answer = withState(() => vm.account(head().state_root, sender)).then(({ balance }) => BigInt(balance))
    bySender.set(sender, answer)
    answer.catch(() => bySender.delete(sender))
    return answer
  }

  return {
    recoverHead,
    loadBalance,
    /** Runs transactions on the head's state. */
    execute: (request: Omit<Parameters<Vm['execute']>[0], 'state_root'>) =>
      withState(() => vm.execute({ state_root: head().state_root, ...request })),
  }
}

export type MachineState = ReturnType<typeof machineState>
