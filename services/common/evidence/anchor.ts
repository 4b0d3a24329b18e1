import { RLP } from '@ethereumjs/rlp'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { type Static, Type } from '@sinclair/typebox'
import { decodeRlp, type RlpBounds, type RlpItem, rlpBytes, rlpList } from '../ethereum/rlp.ts'
import { Fault, isFault } from '../process/fault.ts'
import { equalBytes, fromHex } from '../stream/bytes.ts'
import { decodeRegistered } from './anchors-abi.ts'
import { canonicalReader, type DocumentBounds, SMALL_DOCUMENT } from './canonical-json.ts'
import { chainTag } from './chain-tag.ts'
import { Hex20, Hex32, Hex64, HexBytes, Natural } from './fields.ts'
import type { Manifest } from './manifest.ts'
import { ownerBytes } from './owner.ts'
import { decodeReceipt } from './receipt.ts'
import { sessionIdBytes32 } from './session-id.ts'
import { verifyHash } from './signature.ts'
import { trieValue } from './trie-proof.ts'

/** Where LucidAnchors lives on every Lucid chain, a genesis predeploy: ASCII "lucid-anchors", padded to 20 bytes. */
export const ANCHORS_ADDRESS = '6c756369642d616e63686f727300000000000000'

const KIB = 1024
const strict = { additionalProperties: false } as const

/** What the SessionRegistered log says. `sessionId` is a bytes32, `owner` the 20-byte body of the TRON address. */
export const AnchorEvent = Type.Object(
  { sessionId: Hex32, manifestHash: Hex32, startedAt: Natural, owner: Hex20, merkleRoot: Hex32, chunkCount: Natural },
  strict,
)
export type AnchorEvent = Static<typeof AnchorEvent>

/** The way from a root to one value: more nodes than any position of a block needs. */
const Nodes = Type.Array(HexBytes(64 * KIB), { minItems: 1, maxItems: 64 })

/** anchor.json of an anchored session: the proof that a sealed block holds its registration. */
export const AnchorProof = Type.Object(
  {
    chain_id: Natural,
    contract: Hex20,
    tx_hash: Hex32,
    tx_index: Natural,
    block: Type.Object({ number: Natural, hash: Hex32, header_rlp: HexBytes(4 * KIB) }, strict),
    receipt_proof: Nodes,
    sealer: Type.Object({ public_key: Hex32, signature: Hex64 }, strict),
    event: AnchorEvent,
    /** Proof of the transaction under the header's transactionsRoot; bundles of earlier releases have none. */
    tx_proof: Type.Optional(Nodes),
  },
  strict,
)
export type AnchorProof = Static<typeof AnchorProof>

/** A block's header under the ledger's seal: proves to anybody that the ledger sealed a block of that number. */
export const SealedBlock = Type.Pick(AnchorProof, ['block', 'sealer'], strict)
export type SealedBlock = Static<typeof SealedBlock>

/** anchor.json of a session whose anchor is still on its way. */
export const PENDING_ANCHOR = { status: 'pending' } as const
const Pending = Type.Object({ status: Type.Literal('pending') }, strict)
export type PendingAnchor = Static<typeof Pending>

export const AnchorDocument = Type.Union([AnchorProof, Pending])
export type AnchorDocument = AnchorProof | PendingAnchor

/** A header, and the few nodes on the way to one receipt and one transaction. */
export const ANCHOR_BOUNDS: DocumentBounds = { ...SMALL_DOCUMENT, size: 256 * KIB }

const readProof = canonicalReader('anchor', AnchorProof, ANCHOR_BOUNDS)
const readPending = canonicalReader('anchor', Pending)
const PENDING_SIZE = 40

/** Strict reader of anchor.json. Throws Fault `anchor-too-large`, `anchor-not-json`, `anchor-schema`, `anchor-not-canonical`. */
export const parseAnchor = (bytes: Uint8Array): AnchorDocument =>
  bytes.length < PENDING_SIZE ? readPending(bytes) : readProof(bytes)

/** True for the anchor of a session that is not on the chain yet. */
export const isPending = (anchor: AnchorDocument): anchor is PendingAnchor => 'status' in anchor

/** The event that a manifest must have been registered with. `hash` is its manifest_hash. */
export const expectedEvent = (manifest: Manifest, hash: Uint8Array): AnchorEvent => ({
  sessionId: sessionIdBytes32(manifest.session_id),
  manifestHash: hash.toHex(),
  startedAt: manifest.started_at,
  owner: ownerBytes(manifest.owner).toHex(),
  merkleRoot: manifest.merkle_root,
  chunkCount: manifest.chunk_count,
})

const EVENT_FIELDS = ['sessionId', 'manifestHash', 'startedAt', 'owner', 'merkleRoot', 'chunkCount'] as const

/** The fields in which two events differ, by name. */
export const eventDifferences = (a: AnchorEvent, b: AnchorEvent): readonly string[] =>
  EVENT_FIELDS.filter((field) => a[field] !== b[field])

const fault = (code: string, detail: string): Fault => new Fault('invalid', code, detail)

/** A header is one list of 15 fields and those that later forks add (yellow paper 4.3). */
const HEADER: RlpBounds = { depth: 1, items: 32 }

/** Seconds of a time beyond all calendars fit into 6 bytes. */
const MAX_TIMESTAMP_BYTES = 6

/** Seconds since 1970 as a block header holds them. Throws Fault `block-header`. */
const readTimestamp = (item: RlpItem | undefined): number => {
  const bytes = rlpBytes(item, 'block-header', 'the timestamp')
  if (bytes.length > MAX_TIMESTAMP_BYTES)
    throw fault('block-header', 'the timestamp of the block is beyond all calendars')
  return Number.parseInt(`0${bytes.toHex()}`, 16)
}

/** Roots of transactions and receipts, number, time (s) and extra data out of a block header (yellow paper 4.3: fields 4, 5, 8, 11 and 12). */
const readHeader = (header: Uint8Array) => {
  const fields = rlpList(
    decodeRlp(header, HEADER, 'block-header', 'the block header'),
    'block-header',
    'the block header',
  )
  if (fields.length < 15) throw fault('block-header', 'the block header has too few fields')
  return {
    transactionsRoot: rlpBytes(fields[4], 'block-header', 'transactionsRoot', 32),
    receiptsRoot: rlpBytes(fields[5], 'block-header', 'receiptsRoot', 32),
    number: rlpBytes(fields[8], 'block-header', 'the block number').toHex(),
    timestamp: readTimestamp(fields[11]),
    extra: rlpBytes(fields[12], 'block-header', 'the extra data'),
  }
}

const numberHex = (value: number): string => {
  const hex = value.toString(16)
  return value === 0 ? '' : hex.padStart(hex.length + (hex.length % 2), '0')
}

/** What stands at a place of a block's trie; `proof` = its nodes (hex), `name` = the field that holds them. */
const provenValue = (name: string, root: Uint8Array, index: number, proof: readonly string[]): Uint8Array => {
  try {
    return trieValue(
      root,
      RLP.encode(index),
      proof.map((node) => fromHex(node)),
    )
  } catch (error) {
    throw isFault(error) ? fault(error.code, `${name}: ${error.message}`) : error
  }
}

/** What a header holds that is what its number, its hash and its chain say. */
const verifyHeader = (chainId: number, { block }: SealedBlock) => {
  const header = fromHex(block.header_rlp)
  if (keccak_256(header).toHex() !== block.hash)
    throw fault('block-hash', 'the block header does not hash to block.hash')
  const { number, extra, ...rest } = readHeader(header)
  if (number !== numberHex(block.number)) throw fault('block-number', 'the block header carries another number')
  if (!equalBytes(extra, chainTag(chainId)))
    throw fault('chain-id', 'the block header is of another chain than chain_id states')
  return rest
}

const verifySeal = ({ block, sealer: { public_key, signature } }: SealedBlock): void => {
  if (!verifyHash(fromHex(block.hash), fromHex(signature), fromHex(public_key)))
    throw fault('sealer-signature', 'the sealer did not sign this block')
}

/** Passes only when the named key sealed this very block of that chain. Throws Fault `invalid` with the code of what fails. */
export const verifySealedBlock = (chainId: number, sealed: SealedBlock): void => {
  verifyHeader(chainId, sealed)
  verifySeal(sealed)
}

const provenEvents = (anchor: AnchorProof, receiptsRoot: Uint8Array): readonly AnchorEvent[] => {
  const receipt = decodeReceipt(provenValue('receipt_proof', receiptsRoot, anchor.tx_index, anchor.receipt_proof))
  if (!receipt.ok) throw fault('receipt-failed', 'the proven receipt is of a transaction that failed')
  return receipt.logs
    .filter((log) => log.address === ANCHORS_ADDRESS)
    .map(decodeRegistered)
    .filter((event) => event !== undefined)
    .map((event) => ({
      sessionId: sessionIdBytes32(event.session_id),
      manifestHash: event.manifest_hash,
      startedAt: event.started_at,
      owner: event.owner,
      merkleRoot: event.merkle_root,
      chunkCount: event.chunk_count,
    }))
}

/** True when the block holds the transaction of that hash at tx_index; false when the anchor brings no proof of it. */
const isTransactionProven = (anchor: AnchorProof, transactionsRoot: Uint8Array): boolean => {
  if (anchor.tx_proof === undefined) return false
  const raw = provenValue('tx_proof', transactionsRoot, anchor.tx_index, anchor.tx_proof)
  if (keccak_256(raw).toHex() !== anchor.tx_hash)
    throw fault('tx-hash', 'tx_hash is not the hash of the transaction that the block holds')
  return true
}

/** What an anchor proves beside its event: the time of the block (epoch ms), and whether tx_hash is more than a label. */
export type ProvenAnchor = { readonly blockTime: number; readonly txProven: boolean }

/**
 * Passes only when the anchor proves its own event: right contract, header hashes to block.hash, the receipt
 * proof holds under its receiptsRoot, that receipt succeeded and carries exactly this event, and the sealer
 * signed the block, which names its chain. Whether the sealer is to be trusted is the caller's question.
 * Throws Fault `invalid` with the code of what fails.
 */
export const verifyAnchor = (anchor: AnchorProof): ProvenAnchor => {
  if (anchor.contract !== ANCHORS_ADDRESS)
    throw fault('anchor-contract', `the contract is ${anchor.contract}, LucidAnchors is ${ANCHORS_ADDRESS}`)
  const { transactionsRoot, receiptsRoot, timestamp } = verifyHeader(anchor.chain_id, anchor)
  const events = provenEvents(anchor, receiptsRoot)
  if (!events.some((event) => eventDifferences(event, anchor.event).length === 0))
    throw fault('anchor-event', 'the proven receipt does not hold this SessionRegistered event')
  const txProven = isTransactionProven(anchor, transactionsRoot)
  verifySeal(anchor)
  return { blockTime: timestamp * 1000, txProven }
}
