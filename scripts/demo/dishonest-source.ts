import { RLP } from '@ethereumjs/rlp'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { ANCHORS_ADDRESS, type AnchorEvent, type AnchorProof, expectedEvent } from '#common/evidence/anchor'
import { SESSION_REGISTERED } from '#common/evidence/anchors-abi'
import { ANCHOR_NAME, MANIFEST_NAME, SIGNATURE_NAME } from '#common/evidence/bundle'
import { canonicalBytes } from '#common/evidence/canonical-json'
import { type Manifest, manifestHash, parseManifest } from '#common/evidence/manifest'
import { derivePublicKey, signHash, signManifest } from '#common/evidence/signature'
import { concat, fromHex } from '#common/stream/bytes'
import { assemble, findContent, type Part, replacePart } from './bundle-parts.ts'
import { FORGER, readAnchor } from './forgery.ts'

/**
 * What a source that lies gets from an honest platform: its manifest, signed by the key of its session, in a block
 * that the ledger sealed. Signatures and proofs all hold; only what it states can give it away. Pure on bytes.
 */

const word = (value: number): string => value.toString(16).padStart(64, '0')

/** The receipt of a transaction that registered this session, and nothing else (yellow paper 4.3.1, LucidAnchors). */
const registrationReceipt = (event: AnchorEvent): Uint8Array => {
  const topics = [SESSION_REGISTERED, event.sessionId, event.owner.padStart(64, '0')]
  const data = event.manifestHash + word(event.startedAt) + event.merkleRoot + word(event.chunkCount)
  const log = [fromHex(ANCHORS_ADDRESS), topics.map((topic) => fromHex(topic)), fromHex(data)]
  return RLP.encode([1, 100_000, new Uint8Array(256), [log]])
}

/** A trie that holds one value: its only node is a leaf with the whole path (yellow paper, appendix D). */
const singleLeaf = (index: number, value: Uint8Array): Uint8Array =>
  RLP.encode([concat(Uint8Array.of(0x20), RLP.encode(index)), value])

/** The same block with another receipt in place of all that it held, sealed by the ledger. */
const sealAnew = (anchor: AnchorProof, event: AnchorEvent, ledgerKey: Uint8Array): AnchorProof => {
  const leaf = singleLeaf(anchor.tx_index, registrationReceipt(event))
  const header = (RLP.decode(fromHex(anchor.block.header_rlp)) as Uint8Array[]).with(5, keccak_256(leaf))
  const encoded = RLP.encode(header)
  const hash = keccak_256(encoded)
  return {
    ...anchor,
    event,
    receipt_proof: [leaf.toHex()],
    block: { ...anchor.block, hash: hash.toHex(), header_rlp: encoded.toHex() },
    sealer: { public_key: derivePublicKey(ledgerKey).toHex(), signature: signHash(hash, ledgerKey).toHex() },
  }
}

/** The bundle of a session of the same content whose source stated something else from the start. */
export const recordAnew = (
  parts: readonly Part[],
  change: (manifest: Manifest) => Manifest,
  ledgerKey: Uint8Array,
): Uint8Array<ArrayBuffer> => {
  const manifest = {
    ...change(parseManifest(Uint8Array.from(findContent(parts, MANIFEST_NAME)))),
    session_public_key: derivePublicKey(FORGER).toHex(),
  }
  const bytes = canonicalBytes(manifest)
  const hash = manifestHash(bytes)
  const anchor = sealAnew(readAnchor(parts), expectedEvent(manifest, hash), ledgerKey)
  const stated = replacePart(parts, MANIFEST_NAME, bytes)
  const signed = replacePart(stated, SIGNATURE_NAME, canonicalBytes(signManifest(hash, FORGER)))
  return assemble(replacePart(signed, ANCHOR_NAME, canonicalBytes(anchor)))
}
