import { concat, u32be, utf8 } from '../stream/bytes.ts'

/**
 * "lucid" and the chain id as 64-bit integer, in the extra data of every block: an Ethereum header names its
 * chain nowhere else, and a proof taken from a header must say which chain it is of.
 */
export const chainTag = (chainId: number): Uint8Array =>
  concat(utf8('lucid'), u32be(Math.floor(chainId / 2 ** 32)), u32be(chainId % 2 ** 32))
