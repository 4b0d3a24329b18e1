import { sha256 } from '@noble/hashes/sha2.js'
import { createBase58check } from '@scure/base'
import { Fault } from '../process/fault.ts'
import { concat } from '../stream/bytes.ts'

/** TRON addresses: base58check (double SHA-256) of 0x41 || the 20 bytes that the EVM chain knows as the address. */

const base58check = createBase58check(sha256)
const PREFIX = 0x41

const fault = (): Fault =>
  new Fault('invalid', 'owner-address', 'not a TRON address: 34 base58 characters that start with T, checksum included')

/** The 20-byte body of a TRON address. Throws Fault `owner-address`. */
export const ownerBytes = (address: string): Uint8Array<ArrayBuffer> => {
  let decoded: Uint8Array
  try {
    decoded = base58check.decode(address)
  } catch {
    throw fault()
  }
  if (decoded.length !== 21 || decoded[0] !== PREFIX) throw fault()
  return Uint8Array.from(decoded.subarray(1))
}

/** The TRON address of a 20-byte body. Throws Fault `owner-address`. */
export const ownerAddress = (body: Uint8Array): string => {
  if (body.length !== 20) throw fault()
  return base58check.encode(concat(Uint8Array.of(PREFIX), body))
}

/** True for a TRON address with a right checksum. */
export const isOwner = (address: string): boolean => {
  try {
    return ownerBytes(address).length === 20
  } catch {
    return false
  }
}
