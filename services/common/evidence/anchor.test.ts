import { expect, test } from 'bun:test'
import { createMerkleProof, createMPT } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import fc from 'fast-check'
import { isFault } from '../process/fault.ts'
import { faultOf } from '../testing/faults.ts'
import { type AnchorOptions, anchorOfEvent, sampleAnchor } from '../testing/sample-anchor.ts'
import { noise, sampleSession } from '../testing/sample-session.ts'
import {
  ANCHORS_ADDRESS,
  type AnchorProof,
  eventDifferences,
  expectedEvent,
  isPending,
  PENDING_ANCHOR,
  parseAnchor,
  verifyAnchor,
} from './anchor.ts'
import { canonicalBytes } from './canonical-json.ts'
import { decodeReceipt } from './receipt.ts'
import { trieValue } from './trie-proof.ts'

const sample = await sampleSession(noise(100, 1))
const event = expectedEvent(sample.manifest, sample.hash)
const anchor = await sampleAnchor(sample)
const codeOf = async (changed: AnchorProof) => {
  const thrown = await faultOf(() => verifyAnchor(changed))
  return isFault(thrown) ? thrown.code : thrown
}

test('the address is the ASCII of lucid-anchors', () => {
  expect(new TextDecoder().decode(Uint8Array.fromHex(ANCHORS_ADDRESS)).replaceAll('\0', '')).toBe('lucid-anchors')
})

test('an anchor from a real block holds, wherever the receipt stands and whatever its type', async () => {
  const cases: AnchorOptions[] = [
    { receipts: 1, at: 0, type: 0 },
    { receipts: 1, at: 0 },
    { receipts: 2, at: 1 },
    { receipts: 17, at: 16 },
    { receipts: 100, at: 0 },
    { receipts: 100, at: 99 },
    { receipts: 140, at: 127 },
    { receipts: 140, at: 128, type: 0 },
    { receipts: 300, at: 256 },
  ]
  for (const options of cases) expect(await codeOf(await sampleAnchor(sample, options))).toBe('no fault')
})

test('the transaction is proven where the anchor brings its proof, by nothing but its own', async () => {
  expect(verifyAnchor(anchor)).toEqual({ blockTime: 1_760_000_061_000, txProven: true })
  const { tx_proof: proof = [], ...unproven } = anchor
  expect(verifyAnchor(unproven)).toEqual({ blockTime: 1_760_000_061_000, txProven: false })
  expect(await codeOf({ ...anchor, tx_hash: '00'.repeat(32) })).toBe('tx-hash')
  const { tx_proof: other = [] } = await sampleAnchor(sample, { at: 3 })
  for (const tx_proof of [other, proof.slice(0, -1), proof.slice(1), [...proof, 'c0'], anchor.receipt_proof])
    expect(await codeOf({ ...anchor, tx_proof })).toBe('trie-proof')
})

test('each part of the proof is needed', async () => {
  const flip = (hex: string) => hex.slice(0, -1) + (hex.endsWith('0') ? '1' : '0')
  const { block, sealer, receipt_proof } = anchor
  expect(await codeOf({ ...anchor, contract: '00'.repeat(20) })).toBe('anchor-contract')
  expect(await codeOf({ ...anchor, block: { ...block, header_rlp: flip(block.header_rlp) } })).toBe('block-hash')
  expect(await codeOf({ ...anchor, block: { ...block, hash: flip(block.hash) } })).toBe('block-hash')
  expect(await codeOf({ ...anchor, block: { ...block, number: 301 } })).toBe('block-number')
  expect(await codeOf({ ...anchor, tx_index: 1 })).toBe('trie-proof')
  expect(await codeOf({ ...anchor, tx_index: 7 })).toBe('trie-proof')
  expect(await codeOf({ ...anchor, receipt_proof: receipt_proof.slice(1) })).toBe('trie-proof')
  expect(await codeOf({ ...anchor, receipt_proof: receipt_proof.slice(0, -1) })).toBe('trie-proof')
  expect(await codeOf({ ...anchor, receipt_proof: [...receipt_proof, 'c0'] })).toBe('trie-proof')
  expect(await codeOf({ ...anchor, receipt_proof: receipt_proof.map(flip) })).toBe('trie-proof')
  expect(await codeOf({ ...anchor, sealer: { ...sealer, signature: flip(sealer.signature) } })).toBe('sealer-signature')
  for (const change of [
    { sessionId: flip(event.sessionId) },
    { manifestHash: flip(event.manifestHash) },
    { startedAt: 1 },
    { owner: flip(event.owner) },
    { merkleRoot: flip(event.merkleRoot) },
    { chunkCount: 2 },
  ])
    expect(await codeOf({ ...anchor, event: { ...event, ...change } })).toBe('anchor-event')
})

test('the chain id is the one that the sealed header names', async () => {
  expect(await codeOf({ ...anchor, chain_id: anchor.chain_id + 1 })).toBe('chain-id')
  expect(await codeOf(await sampleAnchor(sample, { chainId: 1 }))).toBe('chain-id')
})

test('a failed transaction and a log of another contract prove nothing', async () => {
  expect(await codeOf(await sampleAnchor(sample, { status: 0 }))).toBe('receipt-failed')
  expect(await codeOf(await sampleAnchor(sample, { address: '11'.repeat(20) }))).toBe('anchor-event')
})

test('the differing fields of two events are named', async () => {
  const other = await anchorOfEvent({ ...event, chunkCount: 9, owner: '22'.repeat(20) })
  expect(await codeOf(other)).toBe('no fault')
  expect(eventDifferences(other.event, event)).toEqual(['owner', 'chunkCount'])
})

test('anchor.json is read only in its canonical form', async () => {
  expect(parseAnchor(canonicalBytes(anchor))).toEqual(anchor)
  expect(isPending(parseAnchor(canonicalBytes(PENDING_ANCHOR)))).toBe(true)
  const text = new TextEncoder()
  for (const [bad, code] of [
    [JSON.stringify(anchor, null, 1), 'anchor-not-canonical'],
    [JSON.stringify({ ...anchor, more: 1 }), 'anchor-schema'],
    [JSON.stringify({ ...anchor, chain_id: '1' }), 'anchor-schema'],
    ['{"status":"done"}', 'anchor-schema'],
    ['{"status": "pending"}', 'anchor-not-canonical'],
    ['{', 'anchor-not-json'],
  ] as const)
    expect(isFault(await faultOf(() => parseAnchor(text.encode(bad))), code)).toBe(true)
})

test('our trie walk agrees with the proofs of @ethereumjs/mpt on random tries', async () => {
  const pairs = fc.uniqueArray(
    fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 4 }), fc.uint8Array({ minLength: 1, maxLength: 50 })),
    { minLength: 1, maxLength: 40, selector: ([key]) => Buffer.from(key).toString('hex') },
  )
  await fc.assert(
    fc.asyncProperty(pairs, fc.uint8Array({ minLength: 1, maxLength: 4 }), async (entries, stranger) => {
      const trie = await createMPT()
      for (const [key, value] of entries) await trie.put(Uint8Array.from(key), Uint8Array.from(value))
      for (const [key, value] of entries) {
        // That library lists nodes below 32 bytes on their own too; they stand inside their parents.
        const listed = await createMerkleProof(trie, Uint8Array.from(key))
        const proof = listed.filter((node, at) => at === 0 || node.length >= 32)
        expect(trieValue(trie.root(), Uint8Array.from(key), proof).toHex()).toBe(Uint8Array.from(value).toHex())
      }
      if (entries.some(([key]) => Buffer.compare(key, stranger) === 0)) return
      const proof = await createMerkleProof(trie, Uint8Array.from(stranger))
      expect(isFault(await faultOf(() => trieValue(trie.root(), Uint8Array.from(stranger), proof)), 'trie-proof')).toBe(
        true,
      )
    }),
    { numRuns: 60 },
  )
})

test('random receipts and proofs never give anything but a fault', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), async (bytes) => {
      for (const work of [
        () => decodeReceipt(bytes),
        () => decodeReceipt(RLP.encode([bytes, bytes, bytes, [bytes]])),
        () => trieValue(new Uint8Array(32), bytes, [bytes]),
      ])
        expect(isFault(await faultOf(work))).toBe(true)
    }),
  )
})
