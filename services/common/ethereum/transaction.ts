import { keccak_256 } from '@noble/hashes/sha3.js'
import { AggregatedError, Transaction, type TxCoder } from 'micro-eth-signer'
import { Fault } from '../process/fault.ts'
import { fromHex } from '../stream/bytes.ts'

/**
 * Ethereum transactions as bytes: legacy with EIP-155, EIP-2930 (type 1) and EIP-1559 (type 2), read and
 * signed by micro-eth-signer. Here are our types, and our refusals as Faults. Hex is lower case without
 * prefix; wei are bigints.
 */

export type AccessList = readonly { readonly address: string; readonly storageKeys: readonly string[] }[]

type Body = {
  readonly nonce: number
  readonly gas: bigint
  /** 20 bytes; undefined creates a contract. */
  readonly to: string | undefined
  readonly value: bigint
  readonly data: string
}
type Fees =
  | { readonly type: 0 | 1; readonly gasPrice: bigint }
  | { readonly type: 2; readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint }

export type DecodedTransaction = Body &
  Fees & {
    readonly hash: string
    readonly from: string
    /** Undefined for a legacy transaction of before EIP-155. */
    readonly chainId: number | undefined
    readonly accessList: AccessList
    /** As on the wire: parity for types 1 and 2, 27/28 or 35 + 2 chainId + parity for type 0. */
    readonly v: bigint
    readonly r: bigint
    readonly s: bigint
    readonly yParity: 0 | 1
  }

type Kind = 'legacy' | 'eip2930' | 'eip1559'
type Typed = { [K in Kind]: { readonly type: K; readonly raw: TxCoder<K> } }[Kind]

/** Of a library's message at most this much is passed on: it may repeat what the sender wrote. */
const LONGEST_DETAIL = 120

const malformed = (detail: string) =>
  new Fault('invalid', 'transaction-malformed', `not a transaction: ${detail.slice(0, LONGEST_DETAIL)}`)

const convertError = (error: unknown): Fault => {
  if (error instanceof Fault) return error
  const [wrong] = error instanceof AggregatedError ? error.errors : []
  if (wrong?.field === 'maxPriorityFeePerGas')
    return new Fault('invalid', 'fee-malformed', 'the tip is higher than the maximum fee (EIP-1559)')
  return malformed(wrong ? `${wrong.field}: ${wrong.error}` : (error as Error).message)
}

/** Whatever the library throws becomes a Fault of ours. */
const guard = <T>(work: () => T): T => {
  try {
    return work()
  } catch (error) {
    throw convertError(error)
  }
}

const stripPrefix = (hex: string): string => hex.slice(2).toLowerCase()

/** Hex as the library wants it. Throws Fault `not-hex` or `hex-length`. */
const addPrefix = (hex: string, length?: number): string => `0x${fromHex(hex, length).toHex()}`

const toCount = (value: bigint, what: string): number => {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed(`the ${what} is too large`)
  return Number(value)
}

const readFees = ({ type, raw }: Typed): Fees => {
  if (type === 'legacy') return { type: 0, gasPrice: raw.gasPrice }
  if (type === 'eip2930') return { type: 1, gasPrice: raw.gasPrice }
  return { type: 2, maxFeePerGas: raw.maxFeePerGas, maxPriorityFeePerGas: raw.maxPriorityFeePerGas }
}

const readAccessList = ({ type, raw }: Typed): AccessList =>
  type === 'legacy'
    ? []
    : raw.accessList.map(({ address, storageKeys }) => ({
        address: stripPrefix(address),
        storageKeys: storageKeys.map(stripPrefix),
      }))

const decode = (bytes: Uint8Array): DecodedTransaction => {
  const tx = Transaction.fromBytes(bytes)
  if (tx.type === 'eip4844' || tx.type === 'eip7702') throw malformed(`type ${tx.type} is not taken here`)
  const typed = tx as Typed
  const { chainId, nonce, gasLimit, to, value, data, r = 0n, s = 0n, yParity } = typed.raw
  return {
    ...readFees(typed),
    nonce: toCount(nonce, 'nonce'),
    gas: gasLimit,
    to: to === '0x' ? undefined : stripPrefix(to),
    value,
    data: stripPrefix(data),
    hash: keccak_256(bytes).toHex(),
    // Recovers the public key (SEC 1, section 4.1.6); refuses what is not signed, and a high s (EIP-2).
    from: stripPrefix(tx.sender),
    chainId: chainId === undefined ? undefined : toCount(chainId, 'chain id'),
    accessList: readAccessList(typed),
    ...{ v: typed.type === 'legacy' ? (tx.v ?? 0n) : BigInt(yParity ?? 0), r, s },
    yParity: yParity === 1 ? 1 : 0,
  }
}

/** Reads a signed transaction (canonical RLP) and its sender. Throws Fault `transaction-malformed`, `fee-malformed`. */
export const decodeTransaction = (rawHex: string): DecodedTransaction => {
  const bytes = fromHex(rawHex)
  return guard(() => decode(bytes))
}

export type FeeTransaction = Body & {
  readonly chainId: number
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
}

/** Signs an EIP-1559 transaction (RFC 6979, low s): the same in, the same out. Throws as `decodeTransaction`. */
export const signTransaction = (tx: FeeTransaction, secretKey: string) => {
  const { to, data, gas, chainId, nonce, ...same } = tx
  const fields = {
    ...same,
    type: 'eip1559',
    chainId: BigInt(chainId),
    nonce: BigInt(nonce),
    gasLimit: gas,
    to: to === undefined ? '0x' : addPrefix(to, 20),
    data: addPrefix(data),
  } as const
  const key = fromHex(secretKey, 32)
  const signed = guard(() => Transaction.prepare(fields, false).signBy(key, false))
  return { raw: stripPrefix(signed.toHex()), hash: stripPrefix(signed.hash) }
}
