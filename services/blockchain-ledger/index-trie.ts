import { createMerkleProof, createMPT, type MerklePatriciaTrie } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import { fromHex, toHex } from '#common/stream/bytes'

/** Trie of a block's transactions or receipts: key = RLP of the position (Yellow Paper 4.4). */
const trieOf = async (items: readonly string[]): Promise<MerklePatriciaTrie> => {
  const trie = await createMPT()
  for (const [at, item] of items.entries()) await trie.put(RLP.encode(at), fromHex(item))
  return trie
}

/** Root (hex) of the trie over `items` (hex) in order. */
export const indexRoot = async (items: readonly string[]): Promise<string> => toHex((await trieOf(items)).root())

/** The trie nodes (hex, root first) that prove item `at` under that root. */
export const indexProof = async (items: readonly string[], at: number): Promise<string[]> =>
  (await createMerkleProof(await trieOf(items), RLP.encode(at))).map(toHex)
