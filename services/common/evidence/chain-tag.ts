import { concat, u32be, utf8 } from '../stream/bytes.ts'

/** "lucid" and the chain id, in the extra data of every block: an Ethereum header names its chain nowhere else. */
export const chainTag = (chainId: number): Uint8Array =>
  concat(utf8('lucid'), u32be(Math.floor(chainId / 2 ** 32)), u32be(chainId % 2 ** 32))
