import type { Manifest } from './manifest.ts'
import { merkleRoot } from './merkle.ts'
import { placementFaults } from './placement.ts'

/**
 * When chunks and manifest do not fit each other, one of them was tampered with. The Merkle root tells which: it is the
 * one that the chain holds, or else the manifest's own.
 */

const leadTo = (leaves: readonly string[], root: string): boolean =>
  leaves.length > 0 && merkleRoot(leaves.map((leaf) => Uint8Array.fromHex(leaf))).toHex() === root

/** What is wrong with the manifest's rows where the chunks lead to the root and the rows do not; else undefined. */
export const rowFaults = (
  { chunks }: Manifest,
  leaves: readonly (string | undefined)[],
  root: string,
): readonly string[] | undefined => {
  const rows = chunks.map(({ leaf }) => leaf)
  const known = leaves.filter((leaf) => leaf !== undefined)
  if (known.length !== leaves.length || leadTo(rows, root) || !leadTo(known, root)) return undefined
  const placeOf = new Map(known.map((leaf, place) => [leaf, place]))
  // Where every chunk has its row, a row of nothing was added; otherwise it stands for the chunk at its place.
  const isAdded = new Set(rows).isSupersetOf(new Set(known))
  const strange = rows.flatMap((leaf, at) => (placeOf.has(leaf) ? [] : [at]))
  const altered = strange.map((at) =>
    isAdded ? `row ${at} is of a chunk that is not under the root` : `row ${at} altered`,
  )
  const holds = rows
    .map((leaf, at) => placeOf.get(leaf) ?? (isAdded ? undefined : at))
    .filter((place) => place !== undefined)
    .filter((place) => place < known.length)
  return [...altered, ...placementFaults(holds, { count: known.length, cut: false, noun: 'row' })].map(
    (fault) => `the manifest's rows are wrong, the chunks are those under the Merkle root: ${fault}`,
  )
}
