import { keccak_256 } from '@noble/hashes/sha3.js'
import { fromHex } from '#common/stream/bytes'

/** The 2048-bit bloom filter of logs, as hex: Ethereum yellow paper, section 4.3.1, function M3:2048. */
export const logsBloom = (
  logs: readonly { readonly address: string; readonly topics: readonly string[] }[],
): string => {
  const bits = new Uint8Array(256)
  for (const item of logs.flatMap(({ address, topics }) => [address, ...topics])) {
    const hash = keccak_256(fromHex(item))
    for (const pair of [0, 2, 4]) {
      const bit = (((hash[pair] ?? 0) << 8) | (hash[pair + 1] ?? 0)) & 2047
      const byte = 255 - (bit >> 3)
      bits[byte] = (bits[byte] ?? 0) | (1 << (bit & 7))
    }
  }
  return bits.toHex()
}
