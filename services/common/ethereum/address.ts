import { addr } from 'micro-eth-signer'
import { fromHex } from '../stream/bytes.ts'

/** The account of a secp256k1 key (Ethereum yellow paper, appendix F), both hex. Throws when it is no such key. */
export const deriveAddress = (secretKey: string): string =>
  addr.fromPrivateKey(fromHex(secretKey, 32)).slice(2).toLowerCase()
