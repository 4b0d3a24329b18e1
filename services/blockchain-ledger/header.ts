import { RLP } from '@ethereumjs/rlp'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { chainTag } from '#common/evidence/chain-tag'
import { fromHex, toHex } from '#common/stream/bytes'

/** The header fields that differ between blocks of a Lucid chain; hex without prefix. */
export type Header = {
  readonly chain_id: number
  readonly number: number
  readonly parent_hash: string
  /** Seconds. Blocks of one second share it. */
  readonly timestamp: number
  readonly state_root: string
  readonly transactions_root: string
  readonly receipts_root: string
  readonly logs_bloom: string
  readonly gas_limit: number
  readonly gas_used: number
  /** Wei per gas, decimal. */
  readonly base_fee: string
}

const EMPTY_LIST_HASH = '1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347'
/** Root of an empty trie: of receipts, of transactions, and of the withdrawals this chain does not have. */
export const EMPTY_ROOT = '56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'
const ZERO_HASH = '00'.repeat(32)
const ZERO_ADDRESS = '00'.repeat(20)
const ZERO_NONCE = '00'.repeat(8)

const quantity = (value: number | bigint): Uint8Array => {
  const hex = value.toString(16)
  return value === 0 || value === 0n ? new Uint8Array() : fromHex(hex.padStart(hex.length + (hex.length % 2), '0'))
}

/**
 * The header in the 20-field format of Cancun, so that any Ethereum tool reads it (Yellow Paper 4.4;
 * EIP-1559, 4399, 4895, 4844, 4788). Beneficiary, randomness, withdrawals, blobs and beacon root are empty:
 * one ledger seals this chain, by an Ed25519 signature over the hash, outside the header.
 */
export const encodeHeader = (header: Header): Uint8Array =>
  RLP.encode([
    fromHex(header.parent_hash, 32),
    fromHex(EMPTY_LIST_HASH),
    fromHex(ZERO_ADDRESS),
    fromHex(header.state_root, 32),
    fromHex(header.transactions_root, 32),
    fromHex(header.receipts_root, 32),
    fromHex(header.logs_bloom, 256),
    quantity(0), // difficulty
    quantity(header.number),
    quantity(header.gas_limit),
    quantity(header.gas_used),
    quantity(header.timestamp),
    chainTag(header.chain_id), // extra data
    fromHex(ZERO_HASH), // prevRandao
    fromHex(ZERO_NONCE),
    quantity(BigInt(header.base_fee)),
    fromHex(EMPTY_ROOT), // withdrawals root
    quantity(0), // blob gas used
    quantity(0), // excess blob gas
    fromHex(ZERO_HASH), // parent beacon block root
  ])

/** Keccak-256 of the encoded header: the block hash (hex). */
export const hashHeader = (encoded: Uint8Array): string => toHex(keccak_256(encoded))
