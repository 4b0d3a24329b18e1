import { RLP } from '@ethereumjs/rlp'

type Item = Uint8Array | readonly Item[]

const HASH_BYTES = 32
/** First byte of an RLP list. */
const LIST = 0xc0

/**
 * The entries of `fresh` that hang on `root` (hex), plus contract code. Executing a block writes every
 * version that the tries went through; only the last is ever read again, and that is a tenth of it.
 * Node structure: Ethereum Yellow Paper, appendix D. A 32-byte item that happens to be the key of a fresh
 * node without being a reference keeps one node too many, never one too few.
 */
export const reachable = (fresh: ReadonlyMap<string, Uint8Array>, root: string): ReadonlyMap<string, Uint8Array> => {
  // Keys longer than a hash are contract code, whose key @ethereumjs/statemanager prefixes.
  const reached = new Map([...fresh].filter(([key]) => key.length !== 2 * HASH_BYTES))
  const visit = (key: string): void => {
    const node = fresh.get(key)
    if (node === undefined || reached.has(key)) return
    reached.set(key, node)
    look(RLP.decode(node) as Item)
  }
  const look = (item: Item): void => {
    if (!(item instanceof Uint8Array)) {
      for (const part of item) look(part)
    } else if (item.length === HASH_BYTES) visit(item.toHex())
    // The value of an account leaf is itself a list that holds the storage root.
    else if (item.length > HASH_BYTES && (item[0] ?? 0) >= LIST) look(decoded(item))
  }
  visit(root)
  return reached
}

/** The list that a leaf's value is, or nothing when the bytes only look like one. */
const decoded = (value: Uint8Array): Item => {
  try {
    return RLP.decode(value) as Item
  } catch {
    return []
  }
}
