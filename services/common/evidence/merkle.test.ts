import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { blake3 } from '#common/engines/blake3'
import { isFault } from '../process/fault.ts'
import { foldProof, inclusionProof, leafHash, merkleRoot, nodeHash, type Proof, verifyProof } from './merkle.ts'
import vectors from './vectors/merkle.json'

const leavesOf = (count: number, seed = 0) =>
  Array.from({ length: count }, (_, i) =>
    leafHash(blake3(Uint8Array.of(i & 255, ...(seed === 0 ? [] : [i >> 8, seed])))),
  )
const faultOf = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (error) {
    return error
  }
}

test('the roots of the specification', () => {
  expect(vectors.roots).toHaveLength(5)
  for (const { count, root } of vectors.roots) expect(merkleRoot(leavesOf(count)).toHex()).toBe(root)
})

test('an unpaired node is promoted unchanged', () => {
  const [a, b, c] = leavesOf(3)
  if (a === undefined || b === undefined || c === undefined) throw new Error('three leaves')
  expect(merkleRoot([a, b, c]).toHex()).toBe(nodeHash(nodeHash(a, b), c).toHex())
  expect(merkleRoot([a]).toHex()).toBe(a.toHex())
})

test('every leaf of every tree has a proof that folds to the root', () => {
  for (let count = 1; count <= 40; count += 1) {
    const leaves = leavesOf(count)
    const root = merkleRoot(leaves).toHex()
    for (let index = 0; index < count; index += 1) {
      const proof = inclusionProof(leaves, index)
      expect(foldProof(proof).toHex()).toBe(root)
      expect(verifyProof(proof)).toBe(true)
    }
  }
})

const flip = (bytes: Uint8Array, bit: number) =>
  bytes.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))

test('any changed bit, place, side or step of a proof fails', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat(255), fc.nat(), (count, pick, bit, step) => {
      const leaves = leavesOf(count, 3)
      const index = pick % count
      const proof = inclusionProof(leaves, index)
      const at = step % Math.max(1, proof.path.length)
      const changedPath = proof.path.map((one, i) => (i === at ? { ...one, hash: flip(one.hash, bit) } : one))
      const changedSide = proof.path.map((one, i) =>
        i === at ? ({ ...one, side: one.side === 'L' ? 'R' : 'L' } as const) : one,
      )
      const forged: Proof[] = [
        { ...proof, leaf: flip(proof.leaf, bit) },
        { ...proof, root: flip(proof.root, bit) },
        { ...proof, index: count },
        { ...proof, index: index + 0.5 },
        { ...proof, path: [...proof.path, { hash: proof.root, side: 'L' }] },
        ...(proof.path.length === 0
          ? []
          : [
              { ...proof, path: changedPath },
              { ...proof, path: changedSide },
              { ...proof, path: proof.path.slice(1) },
            ]),
        ...(count > 1 ? [{ ...proof, index: (index + 1) % count }] : []),
      ]
      for (const proof of forged) expect(verifyProof(proof)).toBe(false)
    }),
    { numRuns: 200 },
  )
})

test('no leaves, too many and leaves of a wrong size are faults', () => {
  expect(
    isFault(
      faultOf(() => merkleRoot([])),
      'no-leaves',
    ),
  ).toBe(true)
  expect(
    isFault(
      faultOf(() => merkleRoot([new Uint8Array(31)])),
      'leaf-size',
    ),
  ).toBe(true)
  expect(
    isFault(
      faultOf(() => merkleRoot(new Array(2 ** 20 + 1).fill(new Uint8Array(32)))),
      'too-many-leaves',
    ),
  ).toBe(true)
  expect(
    isFault(
      faultOf(() => inclusionProof(leavesOf(3), 3)),
      'no-such-leaf',
    ),
  ).toBe(true)
})
