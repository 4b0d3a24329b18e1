import { loadAccount, loadSlot, transactionCount } from './account.ts'
import { readBlockRef, requireBlock } from './block-ref.ts'
import {
  countTransactions,
  readBlock,
  readReceipt,
  readReceipts,
  readTransaction,
  readTransactionIn,
} from './chain-reads.ts'
import { call, estimateGas } from './execution.ts'
import { feeHistory } from './fee-history.ts'
import { nextBaseFee } from './fees.ts'
import { findLogs } from './logs.ts'
import { data, quantity, readHash } from './quantity.ts'
import type { Perform } from './rpc.ts'
import { RpcError } from './rpc-error.ts'
import { sendRaw, toRpcError } from './sending.ts'
import type { Upstream } from './upstream.ts'

type Context = { readonly up: Upstream; readonly authorise: () => Promise<unknown>; readonly version: string }
type Method = {
  readonly arity: readonly [number, number]
  readonly run: (context: Context, params: readonly unknown[]) => Promise<unknown>
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The methods of Ethereum JSON-RPC that this chain answers (ethereum/execution-apis). */
const methods: Readonly<Record<string, Method>> = {
  web3_clientVersion: { arity: [0, 0], run: async ({ version }) => `Lucid/v${version}` },
  net_version: { arity: [0, 0], run: async ({ up }) => String((await up.chain()).chain_id) },
  net_listening: { arity: [0, 0], run: async () => true },
  eth_chainId: { arity: [0, 0], run: async ({ up }) => quantity((await up.chain()).chain_id) },
  eth_syncing: { arity: [0, 0], run: async () => false },
  eth_accounts: { arity: [0, 0], run: async () => [] },
  eth_blockNumber: { arity: [0, 0], run: async ({ up }) => quantity((await up.chain()).head.number) },
  eth_getBlockByNumber: {
    arity: [1, 2],
    run: async ({ up }, [block, full]) => readBlock(up, await up.block(readBlockRef(block)), full),
  },
  eth_getBlockByHash: {
    arity: [1, 2],
    run: async ({ up }, [hash, full]) => readBlock(up, await up.block(readHash(hash, 'hash')), full),
  },
  eth_getBlockTransactionCountByNumber: {
    arity: [1, 1],
    run: async ({ up }, [block]) => countTransactions(await up.block(readBlockRef(block))),
  },
  eth_getBlockTransactionCountByHash: {
    arity: [1, 1],
    run: async ({ up }, [hash]) => countTransactions(await up.block(readHash(hash, 'hash'))),
  },
  eth_getBlockReceipts: {
    arity: [1, 1],
    run: async ({ up }, [block]) => readReceipts(up, await up.block(readBlockRef(block))),
  },
  eth_getTransactionByHash: { arity: [1, 1], run: ({ up }, [hash]) => readTransaction(up, readHash(hash, 'hash')) },
  eth_getTransactionByBlockNumberAndIndex: {
    arity: [2, 2],
    run: async ({ up }, [block, index]) => readTransactionIn(up, await up.block(readBlockRef(block)), index),
  },
  eth_getTransactionByBlockHashAndIndex: {
    arity: [2, 2],
    run: async ({ up }, [hash, index]) => readTransactionIn(up, await up.block(readHash(hash, 'hash')), index),
  },
  eth_getTransactionReceipt: { arity: [1, 1], run: ({ up }, [hash]) => readReceipt(up, readHash(hash, 'hash')) },
  eth_getLogs: {
    arity: [1, 1],
    run: async ({ up }, [filter]) => {
      if (!isObject(filter)) throw new RpcError('invalid-params', 'filter: expected an object')
      return findLogs(up, filter)
    },
  },
  eth_getBalance: {
    arity: [1, 2],
    run: async ({ up }, [address, block]) => quantity(BigInt((await loadAccount(up, address, block)).balance)),
  },
  eth_getCode: {
    arity: [1, 2],
    run: async ({ up }, [address, block]) => data((await loadAccount(up, address, block)).code),
  },
  eth_getStorageAt: { arity: [2, 3], run: ({ up }, [address, slot, block]) => loadSlot(up, address, slot, block) },
  eth_getTransactionCount: { arity: [1, 2], run: ({ up }, [address, block]) => transactionCount(up, address, block) },
  eth_call: { arity: [1, 2], run: ({ up }, [transaction, block]) => call(up, transaction, block) },
  eth_estimateGas: { arity: [1, 2], run: ({ up }, [transaction, block]) => estimateGas(up, transaction, block) },
  eth_gasPrice: { arity: [0, 0], run: async ({ up }) => quantity(nextBaseFee(await requireBlock(up, 'latest'))) },
  eth_maxPriorityFeePerGas: { arity: [0, 0], run: async () => quantity(0) },
  eth_feeHistory: { arity: [2, 3], run: ({ up }, [count, newest, reward]) => feeHistory(up, count, newest, reward) },
  eth_sendRawTransaction: { arity: [1, 1], run: ({ up, authorise }, [raw]) => sendRaw(up, authorise, raw) },
}

/** Answers methods of the table. Throws RpcError for what the caller can do something about. */
export const performer =
  (context: Context): Perform =>
  async (name, params) => {
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined
    if (method === undefined) throw new RpcError('unknown-method', `the method ${name.slice(0, 64)} does not exist`)
    const [least, most] = method.arity
    if (params.length < least || params.length > most)
      throw new RpcError('invalid-params', `${name} takes ${least === most ? least : `${least} to ${most}`} parameters`)
    try {
      context.up.spending.begin()
      return await method.run(context, params)
    } catch (error) {
      throw toRpcError(error)
    }
  }
