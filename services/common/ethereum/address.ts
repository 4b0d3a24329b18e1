import { addr } from 'micro-eth-signer'
import { fromHex } from '../stream/bytes.ts'

/**
 * The account of a secp256k1 key (32 bytes of hex), 20 bytes of hex: the last 20 bytes of keccak256 of the
 * public point (Ethereum yellow paper, appendix F). Throws when the 32 bytes are no key of the curve.
 */
export const deriveAddress = (secretKey: string): string =>
  addr.fromPrivateKey(fromHex(secretKey, 32)).slice(2).toLowerCase()
