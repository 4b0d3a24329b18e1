import { type AnchorProof, PENDING_ANCHOR, parseAnchor } from '#common/evidence/anchor'
import { ANCHOR_NAME, chunkIndex, chunkName, MANIFEST_NAME, SIGNATURE_NAME } from '#common/evidence/bundle'
import { canonicalBytes } from '#common/evidence/canonical-json'
import { manifestHash, parseManifest } from '#common/evidence/manifest'
import { derivePublicKey, parseSignature, signHash, signManifest } from '#common/evidence/signature'
import { decodeBundleHeader, encodeBundleEntry } from '#common/evidence/tar'
import { Fault } from '#common/process/fault'
import { concat, fromHex, utf8 } from '#common/stream/bytes'
import { END_SIZE, padded } from '#common/stream/tar'

/**
 * Ways to tamper with an evidence bundle, and what the verifier must say about each. Pure on bytes: the demo
 * and the tests do the file work. Every forger here is a careful one: the archive stays well-formed where it can.
 */

/** An entry of a bundle, in order. */
export type Part = { readonly name: string; readonly content: Uint8Array }

/** One way to tamper. `expect` must match the detail of a line; `exit` is the exit code of `verify --trust KEY`. */
export type Tamper = {
  readonly name: string
  readonly expect: RegExp
  readonly exit: 1 | 2
  readonly apply: (parts: readonly Part[]) => Uint8Array<ArrayBuffer>
}

/** The entries of a sound bundle as views of its bytes. Throws Fault `not-a-bundle`. */
export const disassemble = (bundle: Uint8Array): readonly Part[] => {
  const parts: Part[] = []
  for (let at = 0; at < bundle.length - END_SIZE; ) {
    const header = decodeBundleHeader(bundle.subarray(at, at + 512))
    if (header === undefined) throw new Fault('invalid', 'not-a-bundle', `no entry header at byte ${at}`)
    parts.push({ name: header.name, content: bundle.subarray(at + 512, at + 512 + header.size) })
    at += 512 + padded(header.size)
  }
  return parts
}

/** A bundle of these entries: canonical ustar with its end mark. */
export const assemble = (parts: readonly Part[]): Uint8Array<ArrayBuffer> =>
  concat(...parts.map(({ name, content }) => encodeBundleEntry(name, content)), new Uint8Array(END_SIZE))

const contentOf = (parts: readonly Part[], name: string): Uint8Array => {
  const found = parts.find((part) => part.name === name)
  if (found === undefined) throw new Fault('invalid', 'not-a-bundle', `the bundle holds no ${name}`)
  return found.content
}

const replace = (parts: readonly Part[], name: string, content: Uint8Array): readonly Part[] => {
  contentOf(parts, name)
  return parts.map((part) => (part.name === name ? { name, content } : part))
}

const flipBit = (bytes: Uint8Array, at: number): Uint8Array => {
  const copy = Uint8Array.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

const setByte = (bytes: Uint8Array, at: number, value: number): Uint8Array => {
  const copy = Uint8Array.from(bytes)
  copy[at] = value
  return copy
}

const chunk = (parts: readonly Part[], index: number): Uint8Array => contentOf(parts, chunkName(index))
const withChunk = (parts: readonly Part[], index: number, content: Uint8Array) =>
  replace(parts, chunkName(index), content)

/** A chunk file that claims to be of another session. */
const foreign = (file: Uint8Array): Uint8Array => {
  const copy = Uint8Array.from(file)
  copy.set(fromHex('0f0e0d0c0b0a49088706050403020100'), 6)
  copy.subarray(58).reverse()
  return copy
}

const anchorOf = (parts: readonly Part[]): AnchorProof => {
  const anchor = parseAnchor(Uint8Array.from(contentOf(parts, ANCHOR_NAME)))
  if ('status' in anchor)
    throw new Fault(
      'invalid',
      'not-anchored',
      'only the bundle of an anchored session can be tampered with in this way',
    )
  return anchor
}

const withAnchor = (parts: readonly Part[], change: (anchor: AnchorProof) => unknown) =>
  assemble(replace(parts, ANCHOR_NAME, canonicalBytes(change(anchorOf(parts)))))

/** Another hex digit in place of the last. */
const otherHex = (hex: string): string => hex.slice(0, -1) + (hex.endsWith('0') ? '1' : '0')

const FORGER = utf8('a forger has a key of his own too!').subarray(0, 32)

/** Moves the numbers of all chunks behind a dropped one down, so that no name is missing. */
const closeRanks = (parts: readonly Part[]): readonly Part[] => {
  let next = 0
  return parts.map((part) => {
    if (chunkIndex(part.name) === undefined) return part
    next += 1
    return { name: chunkName(next - 1), content: part.content }
  })
}

/** All the ways, for a bundle of an anchored session of at least four chunks. */
export const TAMPERS: readonly Tamper[] = [
  {
    name: 'altered chunk',
    expect: /^chunk 1 altered/,
    exit: 1,
    apply: (parts) => assemble(withChunk(parts, 1, flipBit(chunk(parts, 1), chunk(parts, 1).length >> 1))),
  },
  {
    name: 'swapped chunks',
    expect: /^chunks 1 and 2 swapped$/,
    exit: 1,
    apply: (parts) => assemble(withChunk(withChunk(parts, 1, chunk(parts, 2)), 2, chunk(parts, 1))),
  },
  {
    name: 'dropped chunk',
    expect: /^chunk 2 missing \(dropped\)$/,
    exit: 1,
    apply: (parts) => assemble(parts.filter((part) => part.name !== chunkName(2))),
  },
  {
    name: 'dropped chunk, the others renumbered',
    expect: /^chunk 2 missing \(dropped\)$/,
    exit: 1,
    apply: (parts) => assemble(closeRanks(parts.filter((part) => part.name !== chunkName(2)))),
  },
  {
    name: 'duplicated chunk',
    expect: /^chunk 2 is a duplicate of chunk 1$/,
    exit: 1,
    apply: (parts) => assemble(withChunk(parts, 2, chunk(parts, 1))),
  },
  {
    name: 'foreign chunk',
    expect: /^chunk 2 is foreign \(session 0f0e0d0c-0b0a-4908-8706-050403020100\)$/,
    exit: 1,
    apply: (parts) => assemble(withChunk(parts, 2, foreign(chunk(parts, 2)))),
  },
  {
    name: 'chunk of another version',
    expect: /^chunk 1 has version 2/,
    exit: 1,
    apply: (parts) => assemble(withChunk(parts, 1, setByte(chunk(parts, 1), 4, 2))),
  },
  {
    name: 'changed chunk header',
    expect: /^chunk 1 altered in its header \(plain length\)$/,
    exit: 1,
    apply: (parts) => assemble(withChunk(parts, 1, flipBit(chunk(parts, 1), 29))),
  },
  {
    name: 'altered manifest',
    expect: /^manifest altered/,
    exit: 1,
    apply: (parts) => {
      const manifest = parseManifest(Uint8Array.from(contentOf(parts, MANIFEST_NAME)))
      return assemble(
        replace(parts, MANIFEST_NAME, canonicalBytes({ ...manifest, ended_at: manifest.ended_at + 1 })),
      )
    },
  },
  {
    name: 'altered manifest, signed anew by a forger',
    expect: /^anchor mismatch: the chain holds another manifestHash than the manifest$/,
    exit: 1,
    apply: (parts) => {
      const manifest = parseManifest(Uint8Array.from(contentOf(parts, MANIFEST_NAME)))
      const forged = canonicalBytes({
        ...manifest,
        ended_at: manifest.ended_at + 1,
        session_public_key: derivePublicKey(FORGER).toHex(),
      })
      const signature = signManifest(manifestHash(forged), FORGER)
      return assemble(
        replace(replace(parts, MANIFEST_NAME, forged), SIGNATURE_NAME, canonicalBytes(signature)),
      )
    },
  },
  {
    name: 'bad signature',
    expect: /^bad signature/,
    exit: 1,
    apply: (parts) => {
      const document = parseSignature(Uint8Array.from(contentOf(parts, SIGNATURE_NAME)))
      const signature = otherHex(document.signature.slice(0, 64)) + document.signature.slice(64)
      return assemble(replace(parts, SIGNATURE_NAME, canonicalBytes({ ...document, signature })))
    },
  },
  {
    name: 'anchor of another content',
    expect: /^anchor mismatch/,
    exit: 1,
    apply: (parts) =>
      withAnchor(parts, (anchor) => ({
        ...anchor,
        event: { ...anchor.event, merkleRoot: otherHex(anchor.event.merkleRoot) },
      })),
  },
  {
    name: 'altered receipt proof',
    expect: /^anchor does not hold/,
    exit: 1,
    apply: (parts) =>
      withAnchor(parts, (anchor) => ({ ...anchor, receipt_proof: anchor.receipt_proof.map(otherHex) })),
  },
  {
    name: 'block sealed by a forger',
    expect: /^anchor not trusted/,
    exit: 1,
    apply: (parts) =>
      withAnchor(parts, (anchor) => ({
        ...anchor,
        sealer: {
          public_key: derivePublicKey(FORGER).toHex(),
          signature: signHash(fromHex(anchor.block.hash), FORGER).toHex(),
        },
      })),
  },
  {
    name: 'anchor taken away',
    expect: /^not anchored/,
    exit: 2,
    apply: (parts) => assemble(replace(parts, ANCHOR_NAME, canonicalBytes(PENDING_ANCHOR))),
  },
  {
    name: 'truncated file',
    expect: /^truncated: the file ends inside chunks\/000002\.lcd$/,
    exit: 1,
    apply: (parts) => {
      const before = parts.slice(
        0,
        parts.findIndex((part) => part.name === chunkName(2)),
      )
      const kept = assemble(before).length - END_SIZE + 512 + (chunk(parts, 2).length >> 1)
      return assemble(parts).slice(0, kept)
    },
  },
]
