import { RLP } from '@ethereumjs/rlp'
import { keccak_256 } from '@noble/hashes/sha3.js'
import type { DecodedTransaction } from '#common/ethereum/transaction'
import { fromHex } from '#common/stream/bytes'
import { logsBloom } from './bloom.ts'
import { effectiveGasPrice } from './fees.ts'
import { blockSize, readHeader } from './header.ts'
import { data, quantity } from './quantity.ts'
import type { Block, LogEntry, Receipt } from './upstream.ts'

/** The objects of Ethereum JSON-RPC (ethereum/execution-apis), from what the ledger answers. */
type Json = Readonly<Record<string, unknown>>

/** Where a mined transaction is. */
export type MinedAt = { readonly block: Block; readonly index: number }

/** A transaction object; without a place it is pending. */
export const transactionView = (tx: DecodedTransaction, at: MinedAt | undefined): Json => ({
  hash: data(tx.hash),
  type: quantity(tx.type),
  nonce: quantity(tx.nonce),
  from: data(tx.from),
  to: tx.to === undefined ? null : data(tx.to),
  value: quantity(tx.value),
  gas: quantity(tx.gas),
  input: data(tx.data),
  blockHash: at ? data(at.block.hash) : null,
  blockNumber: at ? quantity(at.block.number) : null,
  transactionIndex: at ? quantity(at.index) : null,
  ...(tx.chainId === undefined ? {} : { chainId: quantity(tx.chainId) }),
  ...(tx.type === 2
    ? {
        maxFeePerGas: quantity(tx.maxFeePerGas),
        maxPriorityFeePerGas: quantity(tx.maxPriorityFeePerGas),
        gasPrice: quantity(at ? effectiveGasPrice(tx, BigInt(at.block.base_fee)) : tx.maxFeePerGas),
      }
    : { gasPrice: quantity(tx.gasPrice) }),
  ...(tx.type === 0
    ? {}
    : {
        yParity: quantity(tx.yParity),
        accessList: tx.accessList.map(({ address, storageKeys }) => ({
          address: data(address),
          storageKeys: storageKeys.map(data),
        })),
      }),
  v: quantity(tx.v),
  r: quantity(tx.r),
  s: quantity(tx.s),
})

const ZERO32 = '00'.repeat(32)
const ZERO8 = '00'.repeat(8)

/** A block object. `raws` are all its transactions; `full` is what stands for them, hashes when left out. */
export const blockView = (block: Block, raws: readonly string[], full?: readonly Json[]): Json => {
  const header = readHeader(block.header_rlp)
  const { withdrawalsRoot, blobGasUsed, excessBlobGas, parentBeaconBlockRoot } = header
  return {
    number: quantity(block.number),
    hash: data(block.hash),
    parentHash: data(block.parent_hash),
    nonce: data(header.nonce || ZERO8),
    sha3Uncles: data(header.sha3Uncles),
    logsBloom: data(header.logsBloom),
    transactionsRoot: data(header.transactionsRoot),
    stateRoot: data(block.state_root),
    receiptsRoot: data(block.receipts_root),
    miner: data(header.miner),
    difficulty: quantity(header.difficulty),
    totalDifficulty: quantity(0),
    extraData: data(header.extraData),
    mixHash: data(header.mixHash || ZERO32),
    size: quantity(blockSize(block.header_rlp, raws)),
    gasLimit: quantity(block.gas_limit),
    gasUsed: quantity(block.gas_used),
    timestamp: quantity(block.timestamp),
    baseFeePerGas: quantity(BigInt(block.base_fee)),
    transactions: full ?? block.tx_hashes.map(data),
    uncles: [],
    ...(withdrawalsRoot === undefined ? {} : { withdrawalsRoot: data(withdrawalsRoot), withdrawals: [] }),
    ...(blobGasUsed === undefined ? {} : { blobGasUsed: quantity(blobGasUsed) }),
    ...(excessBlobGas === undefined ? {} : { excessBlobGas: quantity(excessBlobGas) }),
    ...(parentBeaconBlockRoot === undefined ? {} : { parentBeaconBlockRoot: data(parentBeaconBlockRoot) }),
  }
}

type LogPlace = Pick<Receipt, 'tx_hash' | 'tx_index' | 'block_hash' | 'block_number'>

/** A log object. */
export const logView = (log: LogEntry, at: LogPlace): Json => ({
  address: data(log.address),
  topics: log.topics.map(data),
  data: data(log.data),
  blockNumber: quantity(at.block_number),
  blockHash: data(at.block_hash),
  transactionHash: data(at.tx_hash),
  transactionIndex: quantity(at.tx_index),
  logIndex: quantity(log.log_index),
  removed: false,
})

/** Address of a contract that a transaction creates: yellow paper, section 7. */
const deriveContract = ({ from, nonce }: DecodedTransaction): string =>
  keccak_256(RLP.encode([fromHex(from, 20), nonce]))
    .subarray(12)
    .toHex()

/** A receipt object. */
export const receiptView = (receipt: Receipt, tx: DecodedTransaction, baseFee: bigint): Json => ({
  transactionHash: data(receipt.tx_hash),
  transactionIndex: quantity(receipt.tx_index),
  blockHash: data(receipt.block_hash),
  blockNumber: quantity(receipt.block_number),
  from: data(receipt.from),
  to: receipt.to === null ? null : data(receipt.to),
  cumulativeGasUsed: quantity(receipt.cumulative_gas),
  gasUsed: quantity(receipt.gas_used),
  effectiveGasPrice: quantity(effectiveGasPrice(tx, baseFee)),
  contractAddress: receipt.to === null && receipt.status === 1 ? data(deriveContract(tx)) : null,
  logs: receipt.logs.map((log) => logView(log, receipt)),
  logsBloom: data(logsBloom(receipt.logs)),
  status: quantity(receipt.status),
  type: quantity(receipt.type),
})
