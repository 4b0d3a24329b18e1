import { PENDING_ANCHOR } from '#common/evidence/anchor'
import { ANCHOR_NAME, chunkName, MANIFEST_NAME, SIGNATURE_NAME } from '#common/evidence/bundle'
import { canonicalBytes } from '#common/evidence/canonical-json'
import { manifestHash, parseManifest } from '#common/evidence/manifest'
import { derivePublicKey, parseSignature, signHash, signManifest } from '#common/evidence/signature'
import { fromHex } from '#common/stream/bytes'
import { END_SIZE } from '#common/stream/tar'
import { assemble, findContent, type Part, replacePart } from './bundle-parts.ts'
import { recordAnew } from './dishonest-source.ts'
import {
  changeHex,
  closeRanks,
  FORGER,
  findChunk,
  flipBit,
  makeForeign,
  replaceAnchor,
  replaceChunk,
} from './forgery.ts'

/**
 * Ways to tamper with an evidence bundle, and what the verifier must say about each. Pure on bytes: the demo
 * and the tests do the file work.
 */

/** In ms. */
const YEAR = 365 * 24 * 60 * 60 * 1000

/** One way to tamper. `expect` must match the detail of a line; `exit` is the exit code of `verify --trust KEY`. */
export type Tamper = {
  readonly name: string
  readonly expect: RegExp
  readonly exit: 1 | 2
  /** `ledgerKey` = what the ledger seals blocks with, 32 bytes, for who has everything that the platform has. */
  readonly apply: (parts: readonly Part[], ledgerKey: Uint8Array) => Uint8Array<ArrayBuffer>
}

/** A way that the verifier has to call altered, unless another exit code is said. */
const way = (name: string, expect: RegExp, apply: Tamper['apply'], exit: Tamper['exit'] = 1): Tamper => ({
  name,
  expect,
  exit,
  apply,
})

/** All the ways, for a bundle of an anchored session of at least four chunks. */
export const TAMPERS: readonly Tamper[] = [
  way(
    'source that lied about its time, truly anchored',
    /^untrue: the session says that it ended at/,
    (parts, ledgerKey) =>
      recordAnew(
        parts,
        ({ started_at, ended_at, ...manifest }) => ({
          ...manifest,
          started_at: started_at + YEAR,
          ended_at: ended_at + YEAR,
        }),
        ledgerKey,
      ),
  ),
  way('altered chunk', /^chunk 1 altered/, (parts) =>
    assemble(replaceChunk(parts, 1, flipBit(findChunk(parts, 1), findChunk(parts, 1).length >> 1))),
  ),
  way('swapped chunks', /^chunks 1 and 2 swapped$/, (parts) =>
    assemble(replaceChunk(replaceChunk(parts, 1, findChunk(parts, 2)), 2, findChunk(parts, 1))),
  ),
  way('dropped chunk', /^chunk 2 missing \(dropped\)$/, (parts) =>
    assemble(parts.filter((part) => part.name !== chunkName(2))),
  ),
  way('dropped chunk, the others renumbered', /^chunk 2 missing \(dropped\)$/, (parts) =>
    assemble(closeRanks(parts.filter((part) => part.name !== chunkName(2)))),
  ),
  way('duplicated chunk', /^chunk 2 is a duplicate of chunk 1$/, (parts) =>
    assemble(replaceChunk(parts, 2, findChunk(parts, 1))),
  ),
  way('foreign chunk', /^chunk 2 is foreign \(session 0f0e0d0c-0b0a-4908-8706-050403020100\)$/, (parts) =>
    assemble(replaceChunk(parts, 2, makeForeign(findChunk(parts, 2)))),
  ),
  way('chunk of another version', /^chunk 1 has version 2/, (parts) =>
    assemble(replaceChunk(parts, 1, findChunk(parts, 1).with(4, 2))),
  ),
  way('changed chunk header', /^chunk 1 altered in its header \(plain length\)$/, (parts) =>
    assemble(replaceChunk(parts, 1, flipBit(findChunk(parts, 1), 29))),
  ),
  way('altered manifest', /^manifest altered/, (parts) => {
    const manifest = parseManifest(Uint8Array.from(findContent(parts, MANIFEST_NAME)))
    return assemble(replacePart(parts, MANIFEST_NAME, canonicalBytes({ ...manifest, ended_at: manifest.ended_at + 1 })))
  }),
  way(
    'altered manifest, signed anew by a forger',
    /^anchor mismatch: the chain holds another manifestHash than the manifest$/,
    (parts) => {
      const manifest = parseManifest(Uint8Array.from(findContent(parts, MANIFEST_NAME)))
      const forged = canonicalBytes({
        ...manifest,
        ended_at: manifest.ended_at + 1,
        session_public_key: derivePublicKey(FORGER).toHex(),
      })
      const signature = signManifest(manifestHash(forged), FORGER)
      return assemble(replacePart(replacePart(parts, MANIFEST_NAME, forged), SIGNATURE_NAME, canonicalBytes(signature)))
    },
  ),
  way('bad signature', /^bad signature/, (parts) => {
    const document = parseSignature(Uint8Array.from(findContent(parts, SIGNATURE_NAME)))
    const signature = changeHex(document.signature.slice(0, 64)) + document.signature.slice(64)
    return assemble(replacePart(parts, SIGNATURE_NAME, canonicalBytes({ ...document, signature })))
  }),
  way('anchor of another content', /^anchor mismatch/, (parts) =>
    replaceAnchor(parts, (anchor) => ({
      ...anchor,
      event: { ...anchor.event, merkleRoot: changeHex(anchor.event.merkleRoot) },
    })),
  ),
  way('altered receipt proof', /^anchor does not hold/, (parts) =>
    replaceAnchor(parts, (anchor) => ({ ...anchor, receipt_proof: anchor.receipt_proof.map(changeHex) })),
  ),
  way('block sealed by a forger', /^anchor not trusted/, (parts) =>
    replaceAnchor(parts, (anchor) => ({
      ...anchor,
      sealer: {
        public_key: derivePublicKey(FORGER).toHex(),
        signature: signHash(fromHex(anchor.block.hash), FORGER).toHex(),
      },
    })),
  ),
  way(
    'anchor taken away',
    /^not anchored/,
    (parts) => assemble(replacePart(parts, ANCHOR_NAME, canonicalBytes(PENDING_ANCHOR))),
    2,
  ),
  way('truncated file', /^truncated: the file ends inside chunks\/000002\.lcd$/, (parts) => {
    const before = parts.slice(
      0,
      parts.findIndex((part) => part.name === chunkName(2)),
    )
    const kept = assemble(before).length - END_SIZE + 512 + (findChunk(parts, 2).length >> 1)
    return assemble(parts).slice(0, kept)
  }),
]
