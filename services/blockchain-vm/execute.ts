import { type Block, createBlock } from '@ethereumjs/block'
import type { Common } from '@ethereumjs/common'
import { createTxFromRLP, type TypedTransaction } from '@ethereumjs/tx'
import { createVM, encodeReceipt, type RunBlockResult, runBlock } from '@ethereumjs/vm'
import { findRlpExcess, type RlpBounds } from '#common/ethereum/rlp'
import type { BlockContext, Executed, ExecutedReceipt, Unexecutable } from '#common/http/chain-model'
import { errorMessage } from '#common/process/error'
import { equalBytes, fromHex, toHex } from '#common/stream/bytes'
import type { ExecuteRequest } from './model.ts'
import { rules } from './rules.ts'
import { type Nodes, openState, type State } from './state.ts'

/** Blobs need a data layer that this chain does not have. */
const BLOB_TYPE = 3

/** An access list is the deepest of a transaction: list, entries, keys. 1,900 gas each, a block holds 16,000. */
const TRANSACTION_BOUNDS: RlpBounds = { depth: 4, items: 50_000 }

/** A transaction with its place in the request. */
type Placed = { readonly index: number; readonly tx: TypedTransaction }

const explain = (error: unknown): string => errorMessage(error).split(' (vm ')[0] ?? 'not executable'

const parse = (common: Common, raw: string, index: number): Placed | Unexecutable => {
  try {
    const bytes = fromHex(raw)
    const typed = (bytes[0] ?? 0) < 0xc0 ? bytes.subarray(1) : bytes // EIP-2718
    const excess = findRlpExcess(typed, TRANSACTION_BOUNDS)
    if (excess !== undefined) return { index, reason: `the transaction ${excess}` }
    const tx = createTxFromRLP(bytes, { common })
    if (tx.type === BLOB_TYPE) return { index, reason: 'blob transactions are not supported' }
    if (!tx.isValid() || !tx.isSigned()) return { index, reason: tx.getValidationErrors().join('; ') }
    if (!equalBytes(tx.serialize(), bytes)) return { index, reason: 'the encoding is not canonical' }
    return { index, tx }
  } catch (error) {
    return { index, reason: explain(error) }
  }
}

/**
 * The block before its results are known. Coinbase and prevRandao are zero: tips are burnt, and a chain of
 * one sealer has no randomness to offer. The fields of proof of stake and of blobs are there, and empty,
 * because the Cancun header format has them.
 */
export const blockOf = (common: Common, context: BlockContext, transactions: readonly TypedTransaction[]): Block =>
  createBlock(
    {
      header: {
        parentHash: fromHex(context.parent_hash, 32),
        number: BigInt(context.number),
        timestamp: BigInt(context.timestamp),
        gasLimit: BigInt(context.gas_limit),
        baseFeePerGas: BigInt(context.base_fee),
      },
      transactions: [...transactions],
      withdrawals: [],
    },
    { common },
  )

type Attempt =
  | { readonly done: RunBlockResult; readonly state: State }
  | { readonly failedAt: number; readonly reason: string }

/** Runs the block once; on failure names the transaction (place among `placed`) that broke it. */
const attempt = async (
  common: Common,
  nodes: Nodes,
  request: ExecuteRequest,
  placed: readonly Placed[],
): Promise<Attempt> => {
  const state = await openState(common, nodes, request.state_root)
  const vm = await createVM({ common, stateManager: state.manager })
  let finished = 0
  vm.events.on('afterTx', () => {
    finished += 1
  })
  const block = blockOf(
    common,
    request.block,
    placed.map(({ tx }) => tx),
  )
  try {
    const done = await runBlock(vm, { block, generate: true, skipBlockValidation: true })
    state.check()
    return { done, state }
  } catch (error) {
    state.check()
    if (finished >= placed.length) throw error // not the fault of any transaction
    return { failedAt: finished, reason: explain(error) }
  }
}

const receiptOf = ({ tx }: Placed, done: RunBlockResult, at: number): ExecutedReceipt => {
  const [receipt, result] = [done.receipts[at], done.results[at]]
  if (receipt === undefined || result === undefined) throw new Error(`the VM gave no receipt ${at}`)
  const status = 'status' in receipt && receipt.status === 1 ? 1 : 0
  const error = result.execResult.exceptionError?.error
  return {
    tx_hash: toHex(tx.hash()),
    status,
    gas_used: Number(result.totalGasSpent),
    cumulative_gas: Number(receipt.cumulativeBlockGasUsed),
    type: tx.type,
    from: toHex(tx.getSenderAddress().bytes),
    to: tx.to === undefined ? null : toHex(tx.to.bytes),
    logs: receipt.logs.map(([address, topics, data]) => ({
      address: toHex(address),
      topics: topics.map(toHex),
      data: toHex(data),
    })),
    encoded: toHex(encodeReceipt(receipt, tx.type)),
    ...(status === 0 ? { error: error ?? 'failed' } : {}),
  }
}

/**
 * Executes a block on the state under `state_root`. Transactions that cannot be in it (wrong nonce, no funds,
 * gas above what is left) are reported and left out; the rest is executed as if they had not been there.
 * The state after the block is durable before this resolves. Same input, same output.
 * Throws Fault missing `unknown-state`.
 */
export const execute = async (nodes: Nodes, request: ExecuteRequest): Promise<Executed> => {
  const common = rules(request.block.chain_id, request.block.rules)
  const parsed = request.transactions.map((raw, index) => parse(common, raw, index))
  const unexecutable = parsed.filter((one): one is Unexecutable => 'reason' in one)
  let placed = parsed.filter((one): one is Placed => 'tx' in one)
  for (;;) {
    const tried = await attempt(common, nodes, request, placed)
    if ('done' in tried) {
      const { done, state } = tried
      await state.keep(done.stateRoot)
      return {
        state_root: toHex(done.stateRoot),
        receipts_root: toHex(done.receiptsRoot),
        logs_bloom: toHex(done.logsBloom),
        gas_used: Number(done.gasUsed),
        receipts: placed.map((one, at) => receiptOf(one, done, at)),
        unexecutable: unexecutable.toSorted((a, b) => a.index - b.index),
      }
    }
    const bad = placed[tried.failedAt]
    if (bad) unexecutable.push({ index: bad.index, reason: tried.reason })
    placed = placed.filter((one) => one !== bad)
  }
}
