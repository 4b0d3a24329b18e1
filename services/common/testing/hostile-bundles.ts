import { keccak_256 } from '@noble/hashes/sha3.js'
import type { AnchorProof } from '../evidence/anchor.ts'
import { encodeAudit } from '../evidence/audit-lines.ts'
import { ANCHOR_NAME, AUDIT_NAME, chunkName, KEYS_NAME, MANIFEST_NAME, SIGNATURE_NAME } from '../evidence/bundle.ts'
import { canonicalBytes } from '../evidence/canonical-json.ts'
import { encodeBundleEntry, encodeBundleHeader } from '../evidence/tar.ts'
import { concat, utf8 } from '../stream/bytes.ts'
import { END_SIZE } from '../stream/tar.ts'
import { chainEntries } from './sample-audit.ts'
import { derived, noise, type Sample } from './sample-session.ts'

/** Bundles that are small to send and were dear to judge. Each is of at most 100 MB and must be found wrong. */

type Entry = readonly [name: string, content: Uint8Array]

const MIB = 1024 * 1024
const LARGE = 92 * MIB

const assemble = (entries: readonly Entry[], tail: Uint8Array = new Uint8Array()): Uint8Array<ArrayBuffer> =>
  concat(...entries.map(([name, content]) => encodeBundleEntry(name, content)), tail, new Uint8Array(END_SIZE))

/** Lists in lists, `levels` deep, as RLP with lengths that are right. */
export const nestRlp = (levels: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(5 * levels)
  let at = bytes.length
  for (let level = 0; level < levels; level += 1) {
    const inner = bytes.length - at
    const size = [inner > 55, inner > 0xff, inner > 0xffff].filter(Boolean).length
    for (let shift = 0; shift < size; shift += 1) bytes[--at] = (inner >> (8 * shift)) & 255
    bytes[--at] = size === 0 ? 0xc0 + inner : 0xf7 + size
  }
  return bytes.slice(at)
}

/** Copies of a block up to `size` bytes, each changed by `change`. */
const repeatBlock = (block: Uint8Array, size: number, change?: (index: number) => Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(Math.floor(size / block.length) * block.length)
  for (let at = 0; at < bytes.length; at += block.length) bytes.set(change?.(at / block.length) ?? block, at)
  return bytes
}

/** An object of `count` names that nobody knows, each of 30 bytes: as many as the bounds of a manifest let through. */
const manyNames = (count: number, end: string) =>
  utf8(`{${Array.from({ length: count }, (_, at) => `"${at.toString(36).padStart(26, 'k')}${end}":0`).join(',')}}`)

/** A whole chain of events with bodies as long as they may be, of 62 MB: it is followed to its end, which is not that of the manifest. */
const manyEvents = (session: string): Uint8Array =>
  encodeAudit(
    chainEntries(
      session,
      Array.from({ length: 14_000 }, (_, n) => ({ type: 'gap', body: { n, reason: 'x'.repeat(4000) } })),
    ),
  )

/** These two weigh most beside chunks of the largest size. */
export const MANY_ROWS = 'rows of chunks that are not there'
export const SOME_ROWS = 'some rows of chunks that are not there'

const DOCUMENTS = [MANIFEST_NAME, SIGNATURE_NAME, ANCHOR_NAME, KEYS_NAME] as const

/** Hostile bundles by what is hostile about them, made when asked for. `sample` has two chunks or more. */
export const hostileBundles = (
  { session, manifest, bytes, signature, files, sessionKey }: Sample,
  anchor: AnchorProof,
): Readonly<Record<string, () => Uint8Array>> => {
  const entries: readonly Entry[] = [
    [MANIFEST_NAME, bytes],
    [SIGNATURE_NAME, canonicalBytes(signature)],
    [ANCHOR_NAME, canonicalBytes(anchor)],
    ...files.map((file, index): Entry => [chunkName(index), file]),
    [KEYS_NAME, canonicalBytes({ session_key: sessionKey.toHex() })],
  ]
  const replace = (name: string, content: Uint8Array) =>
    assemble(entries.map((entry) => (entry[0] === name ? [name, content] : entry)))
  const behind = (block: Uint8Array, change?: (index: number) => Uint8Array) =>
    assemble(entries, repeatBlock(block, LARGE, change))
  const withHeader = (header: Uint8Array) =>
    replace(
      ANCHOR_NAME,
      canonicalBytes({
        ...anchor,
        block: { ...anchor.block, header_rlp: header.toHex(), hash: keccak_256(header).toHex() },
      }),
    )
  const rows = (count: number) => {
    const [row] = manifest.chunks
    const made = Array.from({ length: count }, (_, at) => ({
      ...row,
      i: at + manifest.chunks.length,
      leaf: derived(at, 'leaf').toHex(),
    }))
    const chunks = [...manifest.chunks, ...made]
    return replace(MANIFEST_NAME, canonicalBytes({ ...manifest, chunk_count: chunks.length, chunks }))
  }
  const one = encodeBundleEntry(chunkName(1), files[1] ?? new Uint8Array())
  const foreign = encodeBundleEntry(chunkName(7), concat(utf8('LCD1'), new Uint8Array(400)))
  const damaged = concat(encodeBundleHeader('notes.txt', 0), new Uint8Array(512).fill(1))
  return {
    'a block header of nested lists': () => withHeader(nestRlp(1000)),
    'a block header of two million bytes of nested lists': () => withHeader(nestRlp(480_000)),
    'a proof node of nested lists': () =>
      replace(ANCHOR_NAME, canonicalBytes({ ...anchor, receipt_proof: [nestRlp(12_000).toHex()] })),
    ...Object.fromEntries(
      DOCUMENTS.flatMap((name) => [
        [`brackets as ${name}`, () => replace(name, utf8('['.repeat(64 * MIB)))],
        [`empty objects as ${name}`, () => replace(name, utf8(`[${'{},'.repeat(20 * MIB)}0]`))],
      ]),
    ),
    'brackets as a manifest of a size that is read': () => replace(MANIFEST_NAME, utf8('['.repeat(19 * MIB))),
    'a manifest of unknown names': () => replace(MANIFEST_NAME, manyNames(600_000, '')),
    'a manifest of unknown names beyond ASCII': () => replace(MANIFEST_NAME, manyNames(580_000, '\u20ac')),
    'a manifest of empty objects': () => replace(MANIFEST_NAME, utf8(`[${`{${' '.repeat(29)}},`.repeat(600_000)}0]`)),
    [MANY_ROWS]: () => rows(70_000),
    [SOME_ROWS]: () => rows(20_000),
    'the largest chunk count': () => replace(MANIFEST_NAME, canonicalBytes({ ...manifest, chunk_count: 2 ** 20 })),
    'a number of many digits': () => replace(MANIFEST_NAME, utf8('1'.repeat(19 * MIB))),
    'entries without content': () => behind(encodeBundleHeader('notes.txt', 0)),
    'chunks without content': () =>
      behind(encodeBundleHeader(chunkName(0), 0), (index) => encodeBundleHeader(chunkName(index), 0)),
    'one chunk without content again and again': () => behind(encodeBundleHeader(chunkName(0), 0)),
    'a manifest again and again': () => behind(encodeBundleHeader(MANIFEST_NAME, 0)),
    'one chunk again and again': () => behind(one),
    'chunks of nobody': () => behind(foreign),
    'every other block damaged': () => behind(damaged),
    'noise behind the documents': () => assemble(entries, noise(LARGE, 1)),
    'events in one line that never ends': () =>
      assemble([...entries, [AUDIT_NAME, new Uint8Array(63 * MIB).fill(0x20)]]),
    'more events than can be needed': () => assemble([...entries, [AUDIT_NAME, new Uint8Array(LARGE)]]),
    'as many events as a session has': () => assemble([...entries, [AUDIT_NAME, manyEvents(session)]]),
    'the same byte': () => new Uint8Array(LARGE).fill(1),
  }
}
