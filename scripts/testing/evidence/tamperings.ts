import { chunkIndex, chunkName, MANIFEST_NAME } from '#common/evidence/bundle'
import { canonicalBytes } from '#common/evidence/canonical-json'
import { HEADER_SIZE } from '#common/evidence/chunk-file'
import type { ManifestChunk } from '#common/evidence/manifest'
import { concat, u32be } from '#common/stream/bytes'
import { assemble, findContent, type Part, replacePart } from '../../demo/bundle-parts.ts'
import { flipBit } from '../../demo/forgery.ts'

/**
 * Every kind of tampering (altered, swapped, dropped, duplicated, foreign) at every place (header, row of the
 * manifest, body of a chunk, or the whole chunk file), as the forger left it and with the numbers made right again.
 * All are done to chunks 1 and 2 of a session.
 */

const PLACES = ['header', 'row', 'body', 'file'] as const
const KINDS = ['altered', 'swapped', 'dropped', 'duplicated', 'foreign'] as const
export type Place = (typeof PLACES)[number]
export type Kind = (typeof KINDS)[number]

/** A list of things with one kind of tampering done to those at 1 and 2. `alter` changes one, `other` is a stranger's. */
const tamperList = <T>(list: readonly T[], kind: Kind, alter: (one: T) => T, other: T): readonly T[] => {
  const [, one, two] = list
  if (one === undefined || two === undefined) throw new RangeError('three or more are needed')
  const changed: Readonly<Record<Kind, () => readonly T[]>> = {
    altered: () => list.with(1, alter(one)),
    swapped: () => list.with(1, two).with(2, one),
    dropped: () => list.toSpliced(1, 1),
    duplicated: () => list.with(2, one),
    foreign: () => list.with(1, other),
  }
  return changed[kind]()
}

type File = { readonly head: Uint8Array; readonly body: Uint8Array }

const cut = (content: Uint8Array): File => ({ head: content.slice(0, HEADER_SIZE), body: content.slice(HEADER_SIZE) })

/** A header with the index of the place where it stands, and the id of this session. */
const renumber = (head: Uint8Array, index: number, own: Uint8Array): Uint8Array => {
  const copy = Uint8Array.from(head)
  if (copy.length < HEADER_SIZE) return copy
  copy.set(own.subarray(6, 22), 6)
  copy.set(u32be(index), 22)
  return copy
}

const files = (parts: readonly Part[]): readonly File[] =>
  parts.filter(({ name }) => chunkIndex(name) !== undefined).map(({ content }) => cut(content))

/** The files with one kind of tampering done to their headers, their bodies, or both. */
const tamperFiles = (
  own: readonly File[],
  stranger: File,
  place: Exclude<Place, 'row'>,
  kind: Kind,
): readonly File[] => {
  const heads = own.map(({ head }) => head)
  const bodies = own.map(({ body }) => body)
  const none = new Uint8Array()
  if (place === 'file')
    return tamperList(own, kind, ({ head, body }) => ({ head: flipBit(head, 40), body: flipBit(body, 100) }), stranger)
  if (place === 'header') {
    const changed =
      kind === 'dropped' ? heads.with(1, none) : tamperList(heads, kind, (head) => flipBit(head, 40), stranger.head)
    return bodies.map((body, at) => ({ head: changed[at] ?? none, body }))
  }
  const changed =
    kind === 'dropped' ? bodies.with(1, none) : tamperList(bodies, kind, (body) => flipBit(body, 100), stranger.body)
  return heads.map((head, at) => ({ head, body: changed[at] ?? none }))
}

/** A bundle tampered with. `parts` and `donor` are bundles of three chunks or more, of two sessions. */
export const tamper = (
  parts: readonly Part[],
  donor: readonly Part[],
  { kind, place, renumbered }: { readonly kind: Kind; readonly place: Place; readonly renumbered: boolean },
): Uint8Array<ArrayBuffer> => {
  const [own, theirs] = [files(parts), files(donor)]
  const [first, stranger] = [own[0], theirs[1]]
  if (first === undefined || stranger === undefined) throw new RangeError('a bundle without chunks')
  if (place === 'row') {
    const read = (of: readonly Part[]) => JSON.parse(new TextDecoder().decode(findContent(of, MANIFEST_NAME)))
    const manifest = read(parts)
    const rows: readonly ManifestChunk[] = manifest.chunks
    const changed = tamperList(
      rows,
      kind,
      (row) => ({ ...row, leaf: flipBit(Uint8Array.fromHex(row.leaf), 3).toHex() }),
      read(donor).chunks[1],
    )
    const chunks = renumbered ? changed.map((row, i) => ({ ...row, i })) : changed
    const chunk_count = renumbered ? chunks.length : manifest.chunk_count
    return assemble(replacePart(parts, MANIFEST_NAME, canonicalBytes({ ...manifest, chunks, chunk_count })))
  }
  const changed = tamperFiles(own, stranger, place, kind)
  const names = place === 'file' && kind === 'dropped' && !renumbered ? [0, 2, 3, 4] : changed.map((_, at) => at)
  const chunks = changed.map(({ head, body }, at) => ({
    name: chunkName(names[at] ?? at),
    content: concat(renumbered ? renumber(head, at, first.head) : head, body),
  }))
  const [before, after] = [parts.slice(0, 3), parts.slice(3).filter(({ name }) => chunkIndex(name) === undefined)]
  return assemble([...before, ...chunks, ...after])
}

/** All combinations, in order. */
export const TAMPERINGS = KINDS.flatMap((kind) =>
  PLACES.flatMap((place) => [false, true].map((renumbered) => ({ kind, place, renumbered }))),
)
