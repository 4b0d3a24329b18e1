import { type AnchorProof, parseAnchor } from '#common/evidence/anchor'
import { ANCHOR_NAME, chunkIndex, chunkName } from '#common/evidence/bundle'
import { canonicalBytes } from '#common/evidence/canonical-json'
import { Fault } from '#common/process/fault'
import { fromHex, utf8 } from '#common/stream/bytes'
import { assemble, findContent, type Part, replacePart } from './bundle-parts.ts'

/** What a careful forger does to the entries of a bundle: the archive stays well-formed. Pure on bytes. */

export const flipBit = (bytes: Uint8Array, at: number): Uint8Array => bytes.with(at, (bytes[at] ?? 0) ^ 1)

export const findChunk = (parts: readonly Part[], index: number): Uint8Array => findContent(parts, chunkName(index))
export const replaceChunk = (parts: readonly Part[], index: number, content: Uint8Array) =>
  replacePart(parts, chunkName(index), content)

/** A chunk file that claims to be of another session. */
export const makeForeign = (file: Uint8Array): Uint8Array => {
  const copy = Uint8Array.from(file)
  copy.set(fromHex('0f0e0d0c0b0a49088706050403020100'), 6)
  copy.subarray(58).reverse()
  return copy
}

/** The anchor of the bundle. Throws Fault `not-anchored`. */
export const readAnchor = (parts: readonly Part[]): AnchorProof => {
  const anchor = parseAnchor(Uint8Array.from(findContent(parts, ANCHOR_NAME)))
  if ('status' in anchor)
    throw new Fault(
      'invalid',
      'not-anchored',
      'only the bundle of an anchored session can be tampered with in this way',
    )
  return anchor
}

export const replaceAnchor = (parts: readonly Part[], change: (anchor: AnchorProof) => unknown) =>
  assemble(replacePart(parts, ANCHOR_NAME, canonicalBytes(change(readAnchor(parts)))))

/** Another hex digit in place of the last. */
export const changeHex = (hex: string): string => hex.slice(0, -1) + (hex.endsWith('0') ? '1' : '0')

export const FORGER = utf8('a forger has a key of his own too!').subarray(0, 32)

/** Moves the numbers of all chunks behind a dropped one down, so that no name is missing. */
export const closeRanks = (parts: readonly Part[]): readonly Part[] => {
  let next = 0
  return parts.map((part) => {
    if (chunkIndex(part.name) === undefined) return part
    next += 1
    return { name: chunkName(next - 1), content: part.content }
  })
}
