import { blake3 } from '#common/engines/blake3'
import { Fault } from '../process/fault.ts'
import { concat } from '../stream/bytes.ts'

/**
 * The session's Merkle tree over BLAKE3: leaf = H(0x00 || leafInput), node = H(0x01 || left || right), an
 * unpaired node is promoted unchanged. The prefixes keep a node from passing for a leaf. Hashes are 32 bytes.
 */

/** `side` is where the sibling stands. */
export type PathStep = { readonly hash: Uint8Array; readonly side: 'L' | 'R' }

/** That `leaf` stands at `index` of a tree of `count` leaves with that `root`. Path from the leaf upwards. */
export type Proof = {
  readonly index: number
  readonly count: number
  readonly leaf: Uint8Array
  readonly path: readonly PathStep[]
  readonly root: Uint8Array
}

/** Tree depth 20 (SPEC section 4): no session has more chunks. */
export const MAX_LEAVES = 2 ** 20

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)

/** The leaf of a chunk. `leafInput` = BLAKE3(ciphertext || tag). */
export const leafHash = (leafInput: Uint8Array): Uint8Array<ArrayBuffer> => blake3(concat(LEAF, leafInput))

/** The node above two others. */
export const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array<ArrayBuffer> =>
  blake3(concat(NODE, left, right))

const levelAbove = (level: readonly Uint8Array[]): readonly Uint8Array[] => {
  const above: Uint8Array[] = []
  for (let at = 0; at < level.length; at += 2) {
    const [left, right] = level.slice(at, at + 2)
    if (left !== undefined) above.push(right === undefined ? left : nodeHash(left, right))
  }
  return above
}

const checkLeaves = (leaves: readonly Uint8Array[]): void => {
  if (leaves.length < 1) throw new Fault('invalid', 'no-leaves', 'a session has at least one chunk')
  if (leaves.length > MAX_LEAVES)
    throw new Fault(
      'too-large',
      'too-many-leaves',
      `a session has at most ${MAX_LEAVES} chunks, here are ${leaves.length}`,
    )
  if (leaves.some((leaf) => leaf.length !== 32)) throw new Fault('invalid', 'leaf-size', 'a leaf has 32 bytes')
}

/** The root over leaf hashes in order. Throws Fault `no-leaves`, `too-many-leaves`, `leaf-size`. */
export const merkleRoot = (leaves: readonly Uint8Array[]): Uint8Array => {
  checkLeaves(leaves)
  let level = leaves
  while (level.length > 1) level = levelAbove(level)
  const [root] = level
  if (root === undefined) throw new Fault('invalid', 'no-leaves', 'a session has at least one chunk')
  return root
}

/** The path from leaf `index` to the root. Throws Fault `missing` code `no-such-leaf` outside the tree. */
export const inclusionProof = (leaves: readonly Uint8Array[], index: number): Proof => {
  checkLeaves(leaves)
  const leaf = leaves[index]
  if (leaf === undefined)
    throw new Fault('missing', 'no-such-leaf', `chunk ${index} is outside a session of ${leaves.length} chunks`)
  const path: PathStep[] = []
  let level = leaves
  for (let at = index; level.length > 1; at = Math.floor(at / 2)) {
    const sibling = level[at ^ 1]
    if (sibling !== undefined) path.push({ hash: sibling, side: at % 2 === 0 ? 'R' : 'L' })
    level = levelAbove(level)
  }
  return { index, count: leaves.length, leaf, path, root: level[0] ?? leaf }
}

/** The sides that a path from `index` must have in a tree of `count` leaves, from the leaf upwards. */
export const pathSides = (index: number, count: number): readonly ('L' | 'R')[] => {
  const sides: ('L' | 'R')[] = []
  for (let at = index, size = count; size > 1; at = Math.floor(at / 2), size = Math.ceil(size / 2)) {
    if (at % 2 === 1) sides.push('L')
    else if (at + 1 < size) sides.push('R')
  }
  return sides
}

/** The root that leaf and path lead to. */
export const foldProof = ({ leaf, path }: Pick<Proof, 'leaf' | 'path'>): Uint8Array =>
  path.reduce<Uint8Array>(
    (hash, step) => (step.side === 'L' ? nodeHash(step.hash, hash) : nodeHash(hash, step.hash)),
    leaf,
  )

/** True only if the path has exactly the shape of that place in a tree of that size and folds to the root. */
export const verifyProof = (proof: Proof): boolean => {
  const { index, count, leaf, path, root } = proof
  if (!Number.isInteger(index) || !Number.isInteger(count) || count > MAX_LEAVES || index < 0 || index >= count)
    return false
  if ([leaf, root, ...path.map((step) => step.hash)].some((hash) => hash.length !== 32)) return false
  const sides = pathSides(index, count)
  if (sides.length !== path.length || sides.some((side, at) => path[at]?.side !== side)) return false
  return foldProof(proof).toHex() === root.toHex()
}
