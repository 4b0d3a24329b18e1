import { describe, expect, test } from 'bun:test'
import { anchorProof } from './anchor.ts'

const session = '0b0e7a52-2a4e-4f4b-9d3a-3f6f1e6a7b01'
const [tx, block, other] = ['aa'.repeat(32), 'bb'.repeat(32), 'cc'.repeat(32)]
const anchor = {
  session_id: session,
  manifest_hash: '01'.repeat(32),
  merkle_root: '02'.repeat(32),
  owner: '03'.repeat(20),
  started_at: 1_700_000_000_000,
  chunk_count: 3,
  tx_hash: tx,
  block_number: 4,
  block_hash: block,
  log_index: 0,
}
const proof = {
  tx_index: 2,
  receipt_proof: ['f8'],
  tx_proof: ['f7'],
  header_rlp: 'f9',
  block_hash: block,
  block_number: 4,
  sealer: { public_key: '04'.repeat(32), signature: '05'.repeat(64) },
}
const head = { number: 4, hash: block, timestamp: 1 }
const chain = {
  chain_id: 7,
  genesis_hash: other,
  sealer_public_key: '04'.repeat(32),
  earlier_sealers: [],
  head,
  registrar: '06'.repeat(20),
  forks: [],
}

/** Answers as the services give them. */
const answering = (found: typeof anchor | undefined, proven: typeof proof | undefined) => ({
  anchor: async () => found,
  proof: async () => proven,
  chain: async () => chain,
})

describe('anchor.json', () => {
  test('joins the index’s event with the ledger’s proof', async () => {
    expect(await anchorProof(answering(anchor, proof), session)).toEqual({
      chain_id: 7,
      contract: '6c756369642d616e63686f727300000000000000',
      tx_hash: tx,
      tx_index: 2,
      block: { number: 4, hash: block, header_rlp: 'f9' },
      receipt_proof: ['f8'],
      tx_proof: ['f7'],
      sealer: proof.sealer,
      event: {
        sessionId: `0b0e7a522a4e4f4b9d3a3f6f1e6a7b01${'0'.repeat(32)}`,
        manifestHash: anchor.manifest_hash,
        startedAt: anchor.started_at,
        owner: anchor.owner,
        merkleRoot: anchor.merkle_root,
        chunkCount: 3,
      },
    })
  })

  test('of a session that is not indexed is missing', async () => {
    await expect(anchorProof(answering(undefined, proof), session)).rejects.toThrow('no anchor of this session')
  })

  test('is not given while index and ledger tell of different blocks', async () => {
    const moved = { ...proof, block_hash: other }
    await expect(anchorProof(answering(anchor, moved), session)).rejects.toThrow('do not agree yet')
    await expect(anchorProof(answering(anchor, undefined), session)).rejects.toThrow('do not agree yet')
  })
})
