import { limiter } from '#common/stream/limiter'
import { account, storageSlot } from './accounts.ts'
import { call } from './call.ts'
import { execute } from './execute.ts'
import { genesis } from './genesis.ts'
import type { CallRequest, ExecuteRequest, GenesisRequest } from './model.ts'
import { hasState, type Nodes } from './state.ts'

/**
 * The virtual machine over one node store. Whatever runs code stands in line: two executions at once would
 * be no faster (one thread) and would hold the memory of both.
 */
export const machine = (nodes: Nodes) => {
  const oneAtATime = limiter(1)
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
    call: (request: CallRequest) => run(() => call(nodes, request)),
    account: (root: string, address: string) => account(nodes, root, address),
    storageSlot: (root: string, address: string, slot: string) => storageSlot(nodes, root, address, slot),
    hasState: (root: string) => hasState(nodes, root),
    waiting: () => waiting,
  }
}

export type Machine = ReturnType<typeof machine>
