import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { Fault } from '../process/fault.ts'
import { concat, utf8 } from '../stream/bytes.ts'
import { ownerAddress } from './owner.ts'

/**
 * TRON V2 signed messages (the digest that TRON wallets show and sign): keccak256("\x19TRON Signed Message:\n" || byte
 * length in decimal || message) under secp256k1. A signature is r || s || v, 65 bytes, v = 27 or 28, s in the lower half
 * (no second spelling).
 */

/** The 32-byte digest of a TRON V2 signed message. */
export const tronMessageDigest = (message: string): Uint8Array<ArrayBuffer> => {
  const body = utf8(message)
  return Uint8Array.from(keccak_256(concat(utf8(`\x19TRON Signed Message:\n${body.length}`), body)))
}

const addressOf = (publicKey: Uint8Array): string => ownerAddress(keccak_256(publicKey.subarray(1)).slice(-20))

/** The TRON address of a 32-byte private key. */
export const deriveOwner = (privateKey: Uint8Array): string => addressOf(secp256k1.getPublicKey(privateKey, false))

/** Signs a message as a TRON wallet does: 65 bytes. `privateKey` 32 bytes. */
export const signMessage = (message: string, privateKey: Uint8Array): Uint8Array<ArrayBuffer> => {
  const recovered = secp256k1.sign(tronMessageDigest(message), privateKey, { prehash: false, format: 'recovered' })
  return concat(recovered.subarray(1), Uint8Array.of(27 + (recovered[0] ?? 0)))
}

const signatureFault = (): Fault =>
  new Fault(
    'invalid',
    'owner-signature',
    'not a TRON message signature: 65 bytes, r || s || v with v 27 or 28 and a low s',
  )

/** The TRON address that signed the message. Throws Fault `owner-signature` for a malformed signature. */
export const recoverOwner = (message: string, signature: Uint8Array): string => {
  const recovery = (signature[64] ?? 0) - 27
  if (signature.length !== 65 || (recovery !== 0 && recovery !== 1)) throw signatureFault()
  try {
    const parsed = secp256k1.Signature.fromBytes(
      concat(Uint8Array.of(recovery), signature.subarray(0, 64)),
      'recovered',
    )
    if (parsed.hasHighS()) throw signatureFault()
    return addressOf(parsed.recoverPublicKey(tronMessageDigest(message)).toBytes(false))
  } catch {
    throw signatureFault()
  }
}

/** Signs a text as TronWeb's signMessageV2 does: 65 bytes as hex with `0x`. `privateKey` 32 bytes. */
export const signTronMessage = (message: string, privateKey: Uint8Array): string =>
  `0x${signMessage(message, privateKey).toHex()}`

/** True when `address` signed the text. `signature`: 65 bytes of hex, v 27 and 28, or 0 and 1 as a Ledger has it. */
export const verifyTronMessage = ({
  address,
  message,
  signature,
}: {
  readonly address: string
  readonly message: string
  readonly signature: string
}): boolean => {
  const hex = signature.replace(/^0x/, '')
  if (!/^[0-9a-fA-F]{130}$/.test(hex)) return false
  const bytes = Uint8Array.fromHex(hex)
  const v = bytes[64] ?? 0
  bytes[64] = v < 2 ? v + 27 : v
  try {
    return recoverOwner(message, bytes) === address
  } catch {
    return false
  }
}
