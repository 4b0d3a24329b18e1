import type { BlockContext, Executed } from '#common/http/chain-model'
import type { client } from '#common/http/client'
import { ok } from '#common/http/client'
import type { Api } from '#services/blockchain-vm/routes'

/** The virtual machine as the ledger needs it. Throws Fault missing `unknown-state`, unavailable. */
export type Vm = {
  readonly genesis: (request: { chain_id: number; registrar: string }) => Promise<{ readonly state_root: string }>
  readonly execute: (request: {
    readonly state_root: string
    readonly block: BlockContext
    readonly transactions: readonly string[]
  }) => Promise<Executed>
  readonly account: (
    stateRoot: string,
    address: string,
  ) => Promise<{ readonly nonce: number; readonly balance: string }>
  readonly hasState: (root: string) => Promise<boolean>
}

/** The virtual machine behind its HTTP interface. */
export const remoteVm = (api: ReturnType<typeof client<Api>>): Vm => ({
  genesis: (request) => ok(api.genesis.post(request)),
  execute: ({ transactions, ...rest }) => ok(api.blocks.execute.post({ ...rest, transactions: [...transactions] })),
  account: (state_root, address) => ok(api.accounts({ address }).get({ query: { state_root } })),
  hasState: async (root) => (await ok(api.states({ root }).get())).known,
})
