import { keccak_256 } from '@noble/hashes/sha3.js'
import { decodeRlp, type RlpBounds, type RlpItem, rlpBytes, rlpList } from '../ethereum/rlp.ts'
import { Fault } from '../process/fault.ts'

/**
 * Membership in a Merkle-Patricia trie (Ethereum yellow paper, appendix D), from a proof alone. Nodes of 32
 * bytes or more are referred to by keccak256 and are items of the proof; smaller ones stand inside their parent.
 */

/** A branch of 16 children, each of them a small node of its own with what stands in it. */
const NODE: RlpBounds = { depth: 8, items: 600 }

const broken = (what: string): Fault => new Fault('invalid', 'trie-proof', `the trie proof does not hold: ${what}`)

const nibblesOf = (bytes: Uint8Array): readonly number[] => [...bytes].flatMap((byte) => [byte >> 4, byte & 15])

/** Hex-prefix encoding: the nibbles of a path piece, and whether the node that carries it is a leaf. */
const readPath = (bytes: Uint8Array): { readonly nibbles: readonly number[]; readonly leaf: boolean } => {
  const [flag = 16, ...rest] = nibblesOf(bytes)
  const odd = (flag & 1) === 1
  if (flag > 3 || (!odd && rest[0] !== 0)) throw broken('a node has a malformed path')
  return { nibbles: odd ? rest : rest.slice(1), leaf: flag >= 2 }
}

type Step = { readonly next: RlpItem; readonly left: readonly number[] } | { readonly value: Uint8Array }

const branch = (node: readonly RlpItem[], left: readonly number[]): Step => {
  const [nibble, ...rest] = left
  if (nibble === undefined) return { value: rlpBytes(node[16], 'trie-proof', 'the value of a branch') }
  return { next: node[nibble] ?? new Uint8Array(), left: rest }
}

const stretch = (node: readonly RlpItem[], left: readonly number[]): Step => {
  const path = readPath(rlpBytes(node[0], 'trie-proof', 'the path of a node'))
  if (path.nibbles.some((nibble, at) => left[at] !== nibble)) throw broken('it leads to another key')
  const rest = left.slice(path.nibbles.length)
  if (!path.leaf) return { next: node[1] ?? new Uint8Array(), left: rest }
  if (rest.length > 0) throw broken('it leads to another key')
  return { value: rlpBytes(node[1], 'trie-proof', 'the value of a leaf') }
}

/** The value under `key`. `proof`: encoded nodes, root first, all of them used. Throws Fault `trie-proof`. */
export const trieValue = (root: Uint8Array, key: Uint8Array, proof: readonly Uint8Array[]): Uint8Array => {
  let used = 0
  const load = (reference: RlpItem): readonly RlpItem[] => {
    if (!(reference instanceof Uint8Array)) return reference
    const encoded = proof[used]
    if (reference.length !== 32) throw broken('it ends before the key')
    if (encoded === undefined) throw broken('a node is missing')
    if (keccak_256(encoded).toHex() !== reference.toHex()) throw broken(`node ${used} is not the one its parent names`)
    used += 1
    return rlpList(decodeRlp(encoded, NODE, 'trie-proof', 'a proof node'), 'trie-proof', 'a proof node')
  }
  let reference: RlpItem = root
  let left = nibblesOf(key)
  for (;;) {
    const node = load(reference)
    if (node.length !== 17 && node.length !== 2) throw broken('a node is neither branch, extension nor leaf')
    const step = node.length === 17 ? branch(node, left) : stretch(node, left)
    if ('value' in step) {
      if (step.value.length === 0) throw broken('nothing stands at the key')
      if (used !== proof.length) throw broken('it holds nodes that are not on the way')
      return step.value
    }
    reference = step.next
    left = [...step.left]
  }
}
