import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import type { Secret } from '../process/env.ts'
import { fromHex } from '../stream/bytes.ts'

/**
 * The account of a secp256k1 key, hex without prefix: the last 20 bytes of keccak256 of the public point
 * without its 0x04 (Ethereum yellow paper, appendix F). Throws when the 32 bytes are no key of the curve.
 */
export const evmAddressOf = (key: Secret): string =>
  keccak_256(secp256k1.getPublicKey(fromHex(key.reveal(), 32), false).subarray(1))
    .subarray(-20)
    .toHex()
