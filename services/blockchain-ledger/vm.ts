import type { RuleSet } from '#common/ethereum/forks'
import type { client } from '#common/http/client'
import { ok } from '#common/http/client'
import type { Api } from '#services/blockchain-vm/routes'

/** What a block is before it is executed; see the virtual machine's wire contract. */
export type BlockContext = {
  readonly chain_id: number
  readonly number: number
  readonly parent_hash: string
  readonly timestamp: number
  readonly gas_limit: number
  readonly base_fee: string
  readonly rules: RuleSet
}

export type ExecutedReceipt = {
  readonly tx_hash: string
  readonly status: 0 | 1
  readonly gas_used: number
  readonly cumulative_gas: number
  readonly type: number
  readonly from: string
  readonly to: string | null
  readonly logs: readonly {
    readonly address: string
    readonly topics: readonly string[]
    readonly data: string
  }[]
  readonly encoded: string
  readonly error?: string
}

export type Executed = {
  readonly state_root: string
  readonly receipts_root: string
  readonly logs_bloom: string
  readonly gas_used: number
  readonly receipts: readonly ExecutedReceipt[]
  readonly unexecutable: readonly { readonly index: number; readonly reason: string }[]
}

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
