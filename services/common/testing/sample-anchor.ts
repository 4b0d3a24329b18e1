import { createBlockHeader } from '@ethereumjs/block'
import { createMerkleProof, createMPT } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { encodeAbiParameters, encodeEventTopics, parseAbi } from 'viem'
import { ANCHORS_ADDRESS, type AnchorEvent, type AnchorProof, expectedEvent } from '../evidence/anchor.ts'
import { chainTag } from '../evidence/chain-tag.ts'
import { derivePublicKey, signHash } from '../evidence/signature.ts'
import { fromHex } from '../stream/bytes.ts'
import { derived, type Sample } from './sample-session.ts'

/** Real blocks for tests: header and receipts trie by @ethereumjs, the log by viem, so that our own readers are not their own witness. */

const ABI = parseAbi([
  'event SessionRegistered(bytes32 indexed sessionId, bytes32 manifestHash, uint64 startedAt, address indexed owner, bytes32 merkleRoot, uint32 chunkCount)',
])

const CHAIN_ID = 1_819_632_484

export type AnchorOptions = {
  readonly address?: string
  readonly status?: 0 | 1
  /** Receipts in the block, and the place of ours among them. */
  readonly receipts?: number
  readonly at?: number
  readonly type?: 0 | 2
  readonly ledgerSeed?: number
  /** The chain that the block header names. */
  readonly chainId?: number
  /** Time of the block, seconds. */
  readonly timestamp?: number
  /** Whether the anchor brings the proof of its transaction; those of earlier releases did not. */
  readonly txProof?: boolean
}

const hexBytes = (hex: string): Uint8Array<ArrayBuffer> => fromHex(hex.replace(/^0x/, ''))

const logOf = (event: AnchorEvent, address: string) => [
  fromHex(address),
  encodeEventTopics({
    abi: ABI,
    eventName: 'SessionRegistered',
    args: { sessionId: `0x${event.sessionId}`, owner: `0x${event.owner}` },
  }).map((topic) => hexBytes(String(topic))),
  hexBytes(
    encodeAbiParameters(
      [{ type: 'bytes32' }, { type: 'uint64' }, { type: 'bytes32' }, { type: 'uint32' }],
      [`0x${event.manifestHash}`, BigInt(event.startedAt), `0x${event.merkleRoot}`, event.chunkCount],
    ),
  ),
]

const receiptOf = (logs: readonly (readonly unknown[])[], status: 0 | 1, gas: number, type: 0 | 2): Uint8Array => {
  const body = RLP.encode([status === 1 ? Uint8Array.of(1) : new Uint8Array(), gas, new Uint8Array(256), logs as never])
  return type === 0 ? body : Uint8Array.from([type, ...body])
}

/** A transaction of the block: bytes of the form of EIP-1559, for only their hash is looked at. */
const rawTransaction = (index: number): Uint8Array =>
  Uint8Array.from([2, ...RLP.encode([derived(index, 'transaction'), derived(index, 'signature')])])

/** The ledger's public key of a sample, hex. */
export const sampleLedgerKey = (seed = 7): string => derivePublicKey(derived(seed, 'ledger')).toHex()

/** An anchor that proves this event. */
export const anchorOfEvent = async (event: AnchorEvent, options: AnchorOptions = {}): Promise<AnchorProof> => {
  const {
    address = ANCHORS_ADDRESS,
    status = 1,
    receipts = 5,
    at = 2,
    type = 2,
    ledgerSeed = 7,
    chainId = CHAIN_ID,
    timestamp = 1_760_000_061,
    txProof = true,
  } = options
  const trie = await createMPT()
  const transactions = await createMPT()
  for (let index = 0; index < receipts; index += 1) {
    await transactions.put(RLP.encode(index), rawTransaction(index))
    await trie.put(
      RLP.encode(index),
      index === at
        ? receiptOf([logOf(event, address)], status, 90_000, type)
        : receiptOf([], 1, 21_000 * (index + 1), 2),
    )
  }
  const header = createBlockHeader({
    number: 300n,
    transactionsTrie: transactions.root(),
    receiptTrie: trie.root(),
    gasLimit: 30_000_000n,
    timestamp: BigInt(timestamp),
    extraData: chainTag(chainId),
  })
  const hash = Uint8Array.from(header.hash())
  return {
    chain_id: CHAIN_ID,
    contract: ANCHORS_ADDRESS,
    tx_hash: keccak_256(rawTransaction(at)).toHex(),
    tx_index: at,
    block: { number: 300, hash: hash.toHex(), header_rlp: header.serialize().toHex() },
    receipt_proof: (await createMerkleProof(trie, RLP.encode(at))).map((node) => node.toHex()),
    sealer: {
      public_key: sampleLedgerKey(ledgerSeed),
      signature: signHash(hash, derived(ledgerSeed, 'ledger')).toHex(),
    },
    event,
    ...(txProof
      ? { tx_proof: (await createMerkleProof(transactions, RLP.encode(at))).map((node) => node.toHex()) }
      : {}),
  }
}

/** An anchor that proves the registration of a sample session. */
export const sampleAnchor = (sample: Sample, options: AnchorOptions = {}): Promise<AnchorProof> =>
  anchorOfEvent(expectedEvent(sample.manifest, sample.hash), options)
