import { limiter } from '#common/stream/limiter'
import { account, storageSlot } from './accounts.ts'
import { callQueue } from './call-queue.ts'
import { callRunner, type Every } from './call-runner.ts'
import { execute } from './execute.ts'
import { genesis } from './genesis.ts'
import type { ExecuteRequest, GenesisRequest } from './model.ts'
import { hasState, type Nodes } from './state.ts'

const everyInterval: Every = (ms, tick) => {
  const timer = setInterval(tick, ms)
  return () => clearInterval(timer)
}

/** The virtual machine over one node store: blocks one at a time; calls have a line and a thread of their own. */
export const machine = (nodes: Nodes, { every = everyInterval }: { readonly every?: Every } = {}) => {
  const oneAtATime = limiter(1)
  const runner = callRunner({ nodes, every })
  const calls = callQueue({ run: runner.run, every })
  let waiting = 0
  const run = async <R>(work: () => Promise<R>): Promise<R> => {
    waiting += 1
    try {
      return await oneAtATime(work)
    } finally {
      waiting -= 1
    }
  }
  return {
    genesis: (request: GenesisRequest) => run(() => genesis(nodes, request)),
    execute: (request: ExecuteRequest) => run(() => execute(nodes, request)),
    call: calls.call,
    account: (root: string, address: string) => account(nodes, root, address),
    storageSlot: (root: string, address: string, slot: string) => storageSlot(nodes, root, address, slot),
    hasState: (root: string) => hasState(nodes, root),
    waiting: () => ({ blocks: waiting, calls: calls.waiting() }),
    stop: runner.stop,
  }
}

export type Machine = ReturnType<typeof machine>
