import { RLP } from '@ethereumjs/rlp'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { ANCHOR_NAME, AUDIT_NAME, chunkIndex, KEYS_NAME, MANIFEST_NAME } from '#common/evidence/bundle'
import { canonicalBytes } from '#common/evidence/canonical-json'
import { HEADER_SIZE } from '#common/evidence/chunk-file'
import { manifestHash } from '#common/evidence/manifest'
import { signManifest } from '#common/evidence/signature'
import { concat, fromHex, utf8 } from '#common/stream/bytes'
import { checksum } from '#common/stream/tar'
import { assemble, type Part, replacePart } from '../../demo/bundle-parts.ts'
import { FORGER } from '../../demo/forgery.ts'
import type { Random } from '../durability/random.ts'

/** One change of a bundle that follows from its seed, of a kind that is drawn from all kinds below. */

/** An honest bundle, taken apart and whole, and the parts of another session's. */
export type Original = { readonly bytes: Uint8Array; readonly parts: readonly Part[]; readonly donor: readonly Part[] }

type Mutation = (original: Original, random: Random) => Uint8Array

const writeOver = (bytes: Uint8Array, at: number, piece: Uint8Array): Uint8Array => {
  const copy = Uint8Array.from(bytes)
  copy.set(piece.subarray(0, Math.max(0, copy.length - at)), at)
  return copy
}

/** Bits changed anywhere, a few at a time. */
const flipBits = (bytes: Uint8Array, random: Random): Uint8Array => {
  const copy = Uint8Array.from(bytes)
  for (let times = 1 + random.below(4); times > 0; times -= 1) {
    const at = random.below(copy.length)
    copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8))
  }
  return copy
}

/** A stretch of the bytes copied, removed or doubled; half of them on the borders of blocks. */
const splice = (bytes: Uint8Array, random: Random): Uint8Array => {
  const unit = random.pick([1, 512])
  const place = () => unit * random.below(Math.floor(bytes.length / unit))
  const [from, length, to] = [place(), unit * (1 + random.below(4)), place()]
  const piece = bytes.subarray(from, from + length)
  return random.pick([
    () => writeOver(bytes, to, piece),
    () => concat(bytes.subarray(0, from), bytes.subarray(from + length)),
    () => concat(bytes.subarray(0, to), piece, bytes.subarray(to)),
  ])()
}

/** A field of an entry's header set to something else, its checksum made right again. */
const changeTarField: Mutation = ({ bytes, parts }, random) => {
  const index = random.below(parts.length)
  const at = assemble(parts.slice(0, index)).length - 1024
  const header = bytes.slice(at, at + 512)
  const [from, length] = random.pick([
    [124, 11], // size
    [0, 30], // name
    [156, 1], // type
    [100, 8], // mode
    [257, 8], // magic and version
  ])
  const field = from + random.below(length)
  header[field] = from === 124 ? 0x30 + random.below(8) : random.below(256)
  header.set(utf8(`${checksum(header).toString(8).padStart(6, '0')}\0 `), 148)
  return writeOver(bytes, at, header)
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Another value in the place of one: near it where it can be, strange where not. */
const changeValue = (value: unknown, random: Random): unknown => {
  if (typeof value === 'number')
    return random.pick([value + 1, value - 1, 0, -value, 2 ** 53 - 1, value / 2, `${value}`])
  if (typeof value !== 'string') return random.pick<unknown>([null, {}, [], 'x', 0, true])
  const at = random.below(Math.max(1, value.length))
  const digit = random.below(16).toString(16)
  return random.pick<unknown>([
    value.slice(0, at) + digit + value.slice(at + 1),
    value.slice(0, at) + digit + value.slice(at + 1),
    value.slice(2),
    `${value}00`,
    value.toUpperCase(),
    '',
    null,
  ])
}

const changeList = (list: readonly unknown[], random: Random): unknown => {
  const at = random.below(list.length + 1)
  return random.pick<() => unknown>([
    () => list.toSpliced(at, 1),
    () => list.toSpliced(at, 0, list[0] ?? 0),
    () => random.shuffled(list),
    () => list.map((one, place) => (place === at % list.length ? changeJson(one, random) : one)),
  ])()
}

/** The same JSON with one thing changed, at any depth. */
const changeJson = (value: unknown, random: Random): unknown => {
  if (Array.isArray(value)) return changeList(value, random)
  if (!isObject(value) || Object.keys(value).length === 0) return changeValue(value, random)
  const name = random.pick(Object.keys(value))
  const { [name]: inner, ...rest } = value
  return random.pick<() => unknown>([
    () => ({ ...value, [name]: changeJson(inner, random) }),
    () => ({ ...value, [name]: changeJson(inner, random) }),
    () => ({ ...value, [name]: changeJson(inner, random) }),
    () => rest,
    () => ({ ...rest, [`${name}x`]: inner }),
    () => ({ ...value, more: inner }),
  ])()
}

const readPart = ({ content }: Part): Record<string, unknown> => JSON.parse(new TextDecoder().decode(content))

const documents = (parts: readonly Part[]) => parts.filter(({ name }) => name.endsWith('.json'))
const chunks = (parts: readonly Part[]) => parts.filter(({ name }) => chunkIndex(name) !== undefined)

/** A document changed in one thing and written canonically; or the same written in another way. */
const editDocument: Mutation = ({ parts }, random) => {
  const part = random.pick(documents(parts))
  const value = readPart(part)
  const content = random.pick([
    () => canonicalBytes(changeJson(value, random)),
    () => canonicalBytes(changeJson(changeJson(value, random), random)),
    () => canonicalBytes(changeJson(value, random)),
    () => utf8(JSON.stringify(value, null, 1)),
    () => utf8(JSON.stringify(Object.fromEntries(Object.entries(value).toReversed()))),
  ])()
  return assemble(replacePart(parts, part.name, content))
}

/** The manifest changed and signed anew: by the session's key it cannot be, so by a forger's. */
const resign: Mutation = ({ parts }, random) => {
  const [manifest, signature] = parts
  if (manifest === undefined || signature === undefined) throw new RangeError('no documents')
  const forged = {
    ...readPart(manifest),
    ...(random.below(2) === 0 ? {} : { session_public_key: signManifest(new Uint8Array(32), FORGER).public_key }),
  }
  const bytes = canonicalBytes(changeJson(forged, random))
  const signed = canonicalBytes(signManifest(manifestHash(bytes), FORGER))
  return assemble(replacePart(replacePart(parts, manifest.name, bytes), signature.name, signed))
}

/** The block's header with one field changed, its hash made right again. */
const reencodeHeader: Mutation = ({ parts }, random) => {
  const anchor = parts.find(({ name }) => name === ANCHOR_NAME)
  if (anchor === undefined) throw new RangeError('no anchor')
  const document = readPart(anchor) as { block: { header_rlp: string } }
  const fields = RLP.decode(fromHex(document.block.header_rlp)) as Uint8Array[]
  const at = random.below(fields.length)
  const changed = random.pick([
    () => fields.map((field, place) => (place === at && field.length > 0 ? flipBits(field, random) : field)),
    () => fields.toSpliced(at, 1),
    () => fields.toSpliced(at, 0, fields[0] ?? new Uint8Array()),
    () => random.shuffled(fields),
  ])()
  const header = RLP.encode([...changed])
  const block = { ...document.block, header_rlp: header.toHex(), hash: keccak_256(header).toHex() }
  return assemble(replacePart(parts, ANCHOR_NAME, canonicalBytes({ ...document, block })))
}

/** Entries in another order, dropped, doubled, renamed, or taken from another session. */
const rearrange: Mutation = ({ parts, donor }, random) => {
  const at = random.below(parts.length)
  const part = parts[at] ?? { name: MANIFEST_NAME, content: new Uint8Array() }
  const other = random.pick(parts)
  const foreign = donor.find(({ name }) => name === part.name) ?? random.pick(donor)
  return assemble(
    random.pick<() => readonly Part[]>([
      () => random.shuffled(parts),
      () => parts.toSpliced(at, 1),
      () => parts.toSpliced(random.below(parts.length), 0, part),
      () => parts.with(at, { name: other.name, content: part.content }),
      () => parts.with(at, { name: part.name, content: other.content }),
      () => parts.with(at, foreign),
      () => parts.with(at, { name: part.name, content: foreign.content }),
    ])(),
  )
}

/** A chunk file whose header or body is that of another chunk or session, or changed by a bit. */
const mixChunks: Mutation = ({ parts, donor }, random) => {
  const part = random.pick(chunks(parts))
  const other = random.pick(chunks(random.pick([parts, donor]))).content
  const [head, body] = [part.content.subarray(0, HEADER_SIZE), part.content.subarray(HEADER_SIZE)]
  const content = random.pick([
    () => concat(other.subarray(0, HEADER_SIZE), body),
    () => concat(head, other.subarray(HEADER_SIZE)),
    () => concat(flipBits(head, random), body),
    () => concat(head, flipBits(body, random)),
    () => part.content.subarray(0, random.below(part.content.length)),
    () => concat(part.content, new Uint8Array(1 + random.below(600))),
  ])()
  return assemble(replacePart(parts, part.name, content))
}

/** Other keys: none, of another session, of some chunks, of chunks that are not there. */
const changeKeys: Mutation = ({ parts, donor }, random) => {
  const bare = parts.filter(({ name }) => name !== KEYS_NAME)
  // Events stand behind the keys.
  const at = bare.length - (bare.at(-1)?.name === AUDIT_NAME ? 1 : 0)
  const [key = '00'.repeat(32)] = donor
    .filter(({ name }) => name === KEYS_NAME)
    .map((part) => String(readPart(part)['session_key']))
  const value = random.pick<() => unknown>([
    () => ({ session_key: key }),
    () => ({ chunk_keys: { [random.below(6)]: key } }),
    () => ({ chunk_keys: {} }),
    () => ({ session_key: key, chunk_keys: { 0: key } }),
  ])()
  return assemble(
    random.below(4) === 0 ? bare : bare.toSpliced(at, 0, { name: KEYS_NAME, content: canonicalBytes(value) }),
  )
}

const MUTATIONS = {
  'bits changed': ({ bytes }, random) => flipBits(bytes, random),
  'a stretch moved': ({ bytes }, random) => splice(bytes, random),
  'cut short': ({ bytes }, random) => bytes.slice(0, random.below(bytes.length)),
  'an entry header changed': changeTarField,
  'a document changed': editDocument,
  'a manifest signed by a forger': resign,
  'a block header encoded anew': reencodeHeader,
  'entries rearranged': rearrange,
  'chunks mixed': mixChunks,
  'other keys': changeKeys,
} as const satisfies Readonly<Record<string, Mutation>>

export const KINDS = Object.keys(MUTATIONS) as readonly (keyof typeof MUTATIONS)[]

/** The bundle changed once more or twice, by what the random source says; a second change is one of bytes. */
export const mutate = (original: Original, kind: (typeof KINDS)[number], random: Random): Uint8Array => {
  const once = MUTATIONS[kind](original, random)
  return once.length > 0 && random.below(8) === 0 ? flipBits(once, random) : once
}
