import { decodeTransaction } from '#common/ethereum/transaction'
import { blockAt, readBlockRef } from './block-ref.ts'
import { call, estimateGas } from './execution.ts'
import { nextBaseFee, rewardPercentiles, tipOf } from './fees.ts'
import { findLogs } from './logs.ts'
import { data, quantity, readAddress, readCount, readHash, readQuantity } from './quantity.ts'
import type { Perform } from './rpc.ts'
import { RpcError } from './rpc-error.ts'
import { rpcErrorOf, sendRaw } from './sending.ts'
import type { Block, Upstream } from './upstream.ts'
import { blockView, receiptView, transactionView } from './views.ts'

/** What a method works with: the services behind, and who asks. */
type Context = {
  readonly up: Upstream
  readonly authorise: () => Promise<unknown>
  /** Of this software. */
  readonly version: string
}
type Method = {
  /** Least and most parameters. */
  readonly arity: readonly [number, number]
  readonly run: (context: Context, params: readonly unknown[]) => Promise<unknown>
}

const rawsOf = async (up: Upstream, block: Block): Promise<readonly string[]> =>
  Promise.all(
    block.tx_hashes.map(async (hash) => {
      const transaction = await up.transaction(hash)
      if (transaction === undefined) throw new RpcError('internal', 'a transaction of the block is missing')
      return transaction.raw
    }),
  )

const wholeBlock = async (up: Upstream, block: Block | undefined, full: unknown) => {
  if (full !== undefined && typeof full !== 'boolean')
    throw new RpcError('invalid-params', 'expected true for whole transactions or false for their hashes')
  if (block === undefined) return null
  const raws = await rawsOf(up, block)
  if (full !== true) return blockView(block, raws)
  return blockView(
    block,
    raws,
    raws.map((raw, index) => transactionView(decodeTransaction(raw), { block, index })),
  )
}

const transactionOf = async (up: Upstream, hash: string) => {
  const found = await up.transaction(hash)
  if (found === undefined) return null
  const tx = decodeTransaction(found.raw)
  if (found.block_number === undefined || found.tx_index === undefined) return transactionView(tx, undefined)
  const block = await up.block(String(found.block_number))
  return transactionView(tx, block && { block, index: found.tx_index })
}

const transactionIn = async (up: Upstream, block: Block | undefined, index: unknown) => {
  const hash = block?.tx_hashes[readCount(index, 'index')]
  return hash === undefined ? null : transactionOf(up, hash)
}

const receiptOf = async (up: Upstream, hash: string) => {
  const receipt = await up.receipt(hash)
  if (receipt === undefined) return null
  const [transaction, block] = await Promise.all([
    up.transaction(hash),
    up.block(String(receipt.block_number)),
  ])
  if (transaction === undefined || block === undefined) return null
  return receiptView(receipt, decodeTransaction(transaction.raw), BigInt(block.base_fee))
}

const accountAt = async (up: Upstream, address: unknown, block: unknown) =>
  up.account(readAddress(address, 'address'), (await blockAt(up, block)).state_root)

const transactionCount = async (up: Upstream, address: unknown, block: unknown) =>
  block === 'pending'
    ? quantity(await up.nextNonce(readAddress(address, 'address')))
    : quantity((await accountAt(up, address, block)).nonce)

/** Blocks of one fee history; fewer than asked may be answered (execution-apis). */
const MAX_HISTORY = 100
const MAX_REWARD_HISTORY = 10

const readPercentiles = (value: unknown): readonly number[] | undefined => {
  if (value === undefined || value === null) return undefined
  const list: readonly unknown[] = Array.isArray(value) ? value : [undefined]
  const rising = list.every(
    (one, i) => typeof one === 'number' && one >= 0 && one <= 100 && (i === 0 || one >= Number(list[i - 1])),
  )
  if (!rising || list.length > 100)
    throw new RpcError('invalid-params', 'percentiles: rising numbers from 0 to 100')
  return list as readonly number[]
}

const rewardsOf = async (up: Upstream, block: Block, percentiles: readonly number[]) => {
  const paid = await Promise.all(
    block.tx_hashes.map(async (hash) => {
      const [transaction, receipt] = await Promise.all([up.transaction(hash), up.receipt(hash)])
      const tip = transaction ? tipOf(decodeTransaction(transaction.raw), BigInt(block.base_fee)) : 0n
      return { tip, gas: receipt?.gas_used ?? 0 }
    }),
  )
  return rewardPercentiles(paid, percentiles).map(quantity)
}

const feeHistory = async (up: Upstream, count: unknown, newest: unknown, reward: unknown) => {
  const percentiles = readPercentiles(reward)
  const limit = percentiles === undefined ? MAX_HISTORY : MAX_REWARD_HISTORY
  const asked = Math.min(readCount(count, 'blockCount'), limit)
  const last = await blockAt(up, newest)
  const from = Math.max(0, last.number - asked + 1)
  const blocks: Block[] = []
  for (let number = from; number <= last.number; number++) blocks.push(await blockAt(up, quantity(number)))
  return {
    oldestBlock: quantity(from),
    baseFeePerGas: [...blocks.map(({ base_fee }) => BigInt(base_fee)), nextBaseFee(last)].map(quantity),
    gasUsedRatio: blocks.map(({ gas_used, gas_limit }) => gas_used / gas_limit),
    ...(percentiles === undefined
      ? {}
      : { reward: await Promise.all(blocks.map((block) => rewardsOf(up, block, percentiles))) }),
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const storageAt = async (up: Upstream, address: unknown, slot: unknown, block: unknown) => {
  const word = readQuantityOrWord(slot)
  return data(await up.slot(readAddress(address, 'address'), word, (await blockAt(up, block)).state_root))
}

/** A storage key: clients send both the quantity and the padded word. */
const readQuantityOrWord = (value: unknown): string =>
  typeof value === 'string' && value.length === 66
    ? readHash(value, 'slot')
    : readQuantity(value, 'slot').toString(16).padStart(64, '0')

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
    run: async ({ up }, [block, full]) => wholeBlock(up, await up.block(readBlockRef(block)), full),
  },
  eth_getBlockByHash: {
    arity: [1, 2],
    run: async ({ up }, [hash, full]) => wholeBlock(up, await up.block(readHash(hash, 'hash')), full),
  },
  eth_getBlockTransactionCountByNumber: {
    arity: [1, 1],
    run: async ({ up }, [block]) => {
      const found = await up.block(readBlockRef(block))
      return found === undefined ? null : quantity(found.tx_hashes.length)
    },
  },
  eth_getBlockTransactionCountByHash: {
    arity: [1, 1],
    run: async ({ up }, [hash]) => {
      const found = await up.block(readHash(hash, 'hash'))
      return found === undefined ? null : quantity(found.tx_hashes.length)
    },
  },
  eth_getBlockReceipts: {
    arity: [1, 1],
    run: async ({ up }, [block]) => {
      const found = await up.block(readBlockRef(block))
      return found === undefined ? null : Promise.all(found.tx_hashes.map((hash) => receiptOf(up, hash)))
    },
  },
  eth_getTransactionByHash: {
    arity: [1, 1],
    run: ({ up }, [hash]) => transactionOf(up, readHash(hash, 'hash')),
  },
  eth_getTransactionByBlockNumberAndIndex: {
    arity: [2, 2],
    run: async ({ up }, [block, index]) => transactionIn(up, await up.block(readBlockRef(block)), index),
  },
  eth_getTransactionByBlockHashAndIndex: {
    arity: [2, 2],
    run: async ({ up }, [hash, index]) => transactionIn(up, await up.block(readHash(hash, 'hash')), index),
  },
  eth_getTransactionReceipt: {
    arity: [1, 1],
    run: ({ up }, [hash]) => receiptOf(up, readHash(hash, 'hash')),
  },
  eth_getLogs: {
    arity: [1, 1],
    run: async ({ up }, [filter]) => {
      if (!isObject(filter)) throw new RpcError('invalid-params', 'filter: expected an object')
      return findLogs(up, filter)
    },
  },
  eth_getBalance: {
    arity: [1, 2],
    run: async ({ up }, [address, block]) => quantity(BigInt((await accountAt(up, address, block)).balance)),
  },
  eth_getCode: {
    arity: [1, 2],
    run: async ({ up }, [address, block]) => data((await accountAt(up, address, block)).code),
  },
  eth_getStorageAt: {
    arity: [2, 3],
    run: ({ up }, [address, slot, block]) => storageAt(up, address, slot, block),
  },
  eth_getTransactionCount: {
    arity: [1, 2],
    run: ({ up }, [address, block]) => transactionCount(up, address, block),
  },
  eth_call: { arity: [1, 2], run: ({ up }, [transaction, block]) => call(up, transaction, block) },
  eth_estimateGas: {
    arity: [1, 2],
    run: ({ up }, [transaction, block]) => estimateGas(up, transaction, block),
  },
  eth_gasPrice: {
    arity: [0, 0],
    run: async ({ up }) => quantity(nextBaseFee(await blockAt(up, 'latest'))),
  },
  eth_maxPriorityFeePerGas: { arity: [0, 0], run: async () => quantity(0) },
  eth_feeHistory: {
    arity: [2, 3],
    run: ({ up }, [count, newest, reward]) => feeHistory(up, count, newest, reward),
  },
  eth_sendRawTransaction: {
    arity: [1, 1],
    run: ({ up, authorise }, [raw]) => sendRaw(up, authorise, raw),
  },
}

/** Answers methods of the table. Throws RpcError for what the caller can do something about. */
export const performer =
  (context: Context): Perform =>
  async (name, params) => {
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined
    if (method === undefined)
      throw new RpcError('unknown-method', `the method ${name.slice(0, 64)} does not exist`)
    const [least, most] = method.arity
    if (params.length < least || params.length > most)
      throw new RpcError(
        'invalid-params',
        `${name} takes ${least === most ? least : `${least} to ${most}`} parameters`,
      )
    try {
      return await method.run(context, params)
    } catch (error) {
      throw rpcErrorOf(error)
    }
  }
