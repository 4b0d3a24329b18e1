import { RLP } from '@ethereumjs/rlp'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { Fault } from '../process/fault.ts'
import { concat, fromHex } from '../stream/bytes.ts'

/**
 * Ethereum transactions as bytes: legacy with EIP-155, EIP-2930 (type 1) and EIP-1559 (type 2). Small on
 * purpose: the services that sign or show transactions stay 13 MB lighter than with a transaction library.
 * Hex is lower case without prefix; wei are bigints.
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

type Item = Uint8Array | readonly Item[]

const malformed = (detail: string) =>
  new Fault('invalid', 'transaction-malformed', `not a transaction: ${detail}`)

const quantity = (value: bigint): Uint8Array => {
  if (value === 0n) return new Uint8Array(0)
  const hex = value.toString(16)
  return Uint8Array.fromHex(hex.length % 2 === 0 ? hex : `0${hex}`)
}

const bytesAt = (items: readonly Item[], index: number): Uint8Array => {
  const item = items[index]
  if (!(item instanceof Uint8Array)) throw malformed(`field ${index} is no byte string`)
  return item
}

const bigAt = (items: readonly Item[], index: number): bigint => {
  const bytes = bytesAt(items, index)
  if (bytes.length > 32 || bytes[0] === 0) throw malformed(`field ${index} is no canonical integer`)
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toHex()}`)
}

const countAt = (items: readonly Item[], index: number): number => {
  const value = bigAt(items, index)
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed(`field ${index} is too large`)
  return Number(value)
}

const addressAt = (items: readonly Item[], index: number): string | undefined => {
  const bytes = bytesAt(items, index)
  if (bytes.length === 0) return undefined
  if (bytes.length !== 20) throw malformed('the address has no 20 bytes')
  return bytes.toHex()
}

const parityAt = (items: readonly Item[], index: number): 0 | 1 => {
  const value = bigAt(items, index)
  if (value !== 0n && value !== 1n) throw malformed('the parity is neither 0 nor 1')
  return value === 0n ? 0 : 1
}

const listAt = (items: readonly Item[], index: number): readonly Item[] => {
  const item = items[index]
  if (item === undefined || item instanceof Uint8Array) throw malformed(`field ${index} is no list`)
  return item
}

const accessListAt = (items: readonly Item[], index: number): AccessList =>
  listAt(items, index).map((_, at) => {
    const entry = listAt(listAt(items, index), at)
    const keys = listAt(entry, 1)
    return {
      address: bytesAt(entry, 0).toHex(),
      storageKeys: keys.map((_key, key) => bytesAt(keys, key).toHex()),
    }
  })

const digest = (type: number, payload: readonly Item[]): Uint8Array => {
  const encoded = RLP.encode(payload as Uint8Array[])
  return keccak_256(type === 0 ? encoded : concat(Uint8Array.of(type), encoded))
}

const addressOfPoint = (publicKey: Uint8Array): string =>
  keccak_256(secp256k1.Point.fromBytes(publicKey).toBytes(false).subarray(1)).subarray(12).toHex()

/** The account (20 bytes of hex) of a secp256k1 secret key (32 bytes of hex). */
export const addressOf = (secretKey: string): string =>
  addressOfPoint(secp256k1.getPublicKey(fromHex(secretKey, 32)))

/** Who signed: recovers the public key (SEC 1, section 4.1.6). Refuses a high s (EIP-2). */
const recover = (hash: Uint8Array, r: bigint, s: bigint, parity: 0 | 1): string => {
  try {
    const signature = new secp256k1.Signature(r, s, parity)
    if (signature.hasHighS()) throw malformed('high s')
    return addressOfPoint(signature.recoverPublicKey(hash).toBytes())
  } catch {
    throw malformed('the signature is not valid')
  }
}

const itemsOf = (bytes: Uint8Array, count: number): readonly Item[] => {
  let items: Item
  try {
    items = RLP.decode(bytes) as Item
  } catch {
    throw malformed('the RLP is broken')
  }
  if (items instanceof Uint8Array || items.length !== count)
    throw malformed(`expected a list of ${count} fields`)
  return items
}

const bodyAt = (items: readonly Item[], nonceAt: number, gasAt: number): Body => ({
  nonce: countAt(items, nonceAt),
  gas: bigAt(items, gasAt),
  to: addressAt(items, gasAt + 1),
  value: bigAt(items, gasAt + 2),
  data: bytesAt(items, gasAt + 3).toHex(),
})

const decodeLegacy = (raw: Uint8Array): Omit<DecodedTransaction, 'hash'> & Fees => {
  const items = itemsOf(raw, 9)
  const v = bigAt(items, 6)
  if (v !== 27n && v !== 28n && v < 35n) throw malformed('v is out of range')
  const chain = v < 35n ? undefined : (v - 35n) / 2n
  const yParity: 0 | 1 = (chain === undefined ? v - 27n : (v - 35n) % 2n) === 0n ? 0 : 1
  if (chain !== undefined && chain > BigInt(Number.MAX_SAFE_INTEGER))
    throw malformed('the chain id is too large')
  const [r, s] = [bigAt(items, 7), bigAt(items, 8)]
  const tail = chain === undefined ? [] : [quantity(chain), new Uint8Array(0), new Uint8Array(0)]
  return {
    type: 0,
    ...bodyAt(items, 0, 2),
    gasPrice: bigAt(items, 1),
    chainId: chain === undefined ? undefined : Number(chain),
    accessList: [],
    ...{ v, r, s, yParity },
    from: recover(digest(0, [...items.slice(0, 6), ...tail]), r, s, yParity),
  }
}

const decodeTyped = (raw: Uint8Array, type: 1 | 2): Omit<DecodedTransaction, 'hash'> & Fees => {
  const fees = type === 1 ? 1 : 2
  const items = itemsOf(raw.subarray(1), 10 + fees)
  const signatureAt = 7 + fees
  const yParity = parityAt(items, signatureAt)
  const [r, s] = [bigAt(items, signatureAt + 1), bigAt(items, signatureAt + 2)]
  return {
    ...(type === 1
      ? { type, gasPrice: bigAt(items, 2) }
      : { type, maxPriorityFeePerGas: bigAt(items, 2), maxFeePerGas: bigAt(items, 3) }),
    ...bodyAt(items, 1, 2 + fees),
    chainId: countAt(items, 0),
    accessList: accessListAt(items, 6 + fees),
    ...{ v: BigInt(yParity), r, s, yParity },
    from: recover(digest(type, items.slice(0, signatureAt)), r, s, yParity),
  }
}

/** Reads a signed transaction and recovers its sender. Throws Fault `invalid` on anything malformed. */
export const decodeTransaction = (rawHex: string): DecodedTransaction => {
  const raw = fromHex(rawHex)
  const first = raw[0]
  if (first === undefined) throw malformed('it is empty')
  const hash = keccak_256(raw).toHex()
  if (first >= 0xc0) return { ...decodeLegacy(raw), hash }
  if (first === 1 || first === 2) return { ...decodeTyped(raw, first), hash }
  throw malformed(`type ${first} is not known here`)
}

export type FeeTransaction = Body & {
  readonly chainId: number
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
}

/**
 * Signs an EIP-1559 transaction (deterministic nonce, RFC 6979, low s). The same fields and key give the
 * same bytes. Returns the envelope and its hash as hex.
 */
export const signTransaction = (tx: FeeTransaction, secretKey: string) => {
  const fields: Item[] = [
    quantity(BigInt(tx.chainId)),
    quantity(BigInt(tx.nonce)),
    quantity(tx.maxPriorityFeePerGas),
    quantity(tx.maxFeePerGas),
    quantity(tx.gas),
    tx.to === undefined ? new Uint8Array(0) : fromHex(tx.to, 20),
    quantity(tx.value),
    fromHex(tx.data),
    [],
  ]
  const signed = secp256k1.sign(digest(2, fields), fromHex(secretKey, 32), {
    prehash: false,
    format: 'recovered',
  })
  const { r, s, recovery } = secp256k1.Signature.fromBytes(signed, 'recovered')
  const whole = RLP.encode([
    ...fields,
    quantity(BigInt(recovery ?? 0)),
    quantity(r),
    quantity(s),
  ] as Uint8Array[])
  const raw = concat(Uint8Array.of(2), whole)
  return { raw: raw.toHex(), hash: keccak_256(raw).toHex() }
}
