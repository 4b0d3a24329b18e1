import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { keccak256 } from 'viem'
import { parseAnchor } from '#common/evidence/anchor'
import { canonicalBytes } from '#common/evidence/canonical-json'
import { LucidAnchors, type RealChain, realChain, session, sessionId } from './real-chain.fixture.ts'

let all: RealChain
beforeAll(async () => {
  all = await realChain()
}, 60_000)
afterAll(() => all.stop())

const get = async (path: string) => {
  const reply = await fetch(all.base + path)
  return { status: reply.status, text: await reply.text() }
}

describe('REST', () => {
  test('an anchor is exactly the anchor.json that the verifier reads', async () => {
    const { status, text } = await get(`/anchors/${session}`)
    expect(status).toBe(200)
    const anchor = JSON.parse(text)
    expect(Object.keys(anchor).toSorted()).toEqual([
      'block',
      'chain_id',
      'contract',
      'event',
      'receipt_proof',
      'sealer',
      'tx_hash',
      'tx_index',
      'tx_proof',
    ])
    expect(parseAnchor(canonicalBytes(anchor))).toEqual(anchor)
    expect(`0x${anchor.block.hash}`).toBe(keccak256(`0x${anchor.block.header_rlp}`))
    expect(anchor).toMatchObject({
      chain_id: 1819632484,
      contract: LucidAnchors.slice(2),
      tx_hash: all.hash.slice(2),
      tx_index: 0,
      event: {
        sessionId: sessionId.slice(2),
        manifestHash: 'aa'.repeat(32),
        startedAt: 1_700_000_000_000,
        owner: '11'.repeat(20),
        merkleRoot: 'bb'.repeat(32),
        chunkCount: 3,
      },
    })
  })

  test('chain, blocks, transactions, receipts and proofs are public and agree with each other', async () => {
    const of = async (path: string) => JSON.parse((await get(path)).text)
    const chainView = await of('/chain')
    expect(chainView).toMatchObject({ chain_id: 1819632484, contract: LucidAnchors.slice(2) })
    const block = await of('/blocks/1')
    expect(await of(`/blocks/${block.hash}`)).toEqual(block)
    expect(block.sealer.public_key).toBe(chainView.sealer_public_key)
    const last = await of('/blocks?limit=2')
    expect(last.blocks.map(({ number }: { number: number }) => number)).toEqual([
      chainView.head.number - 1,
      chainView.head.number,
    ])
    expect((await of('/blocks?from=1&limit=1')).blocks).toEqual([block])
    const txHash = all.hash.slice(2)
    expect(await of(`/transactions/${txHash}`)).toMatchObject({ state: 'mined', block_number: 1, tx_index: 0 })
    expect(await of(`/receipts/${txHash}`)).toMatchObject({ status: 1, block_hash: block.hash })
    expect(await of(`/receipts/${txHash}/proof`)).toMatchObject({ header_rlp: block.header_rlp, tx_index: 0 })
    expect((await of('/anchors?limit=10')).anchors).toMatchObject([{ session_id: session }])
  })

  const absent = [
    `/anchors/${session.replace('7b01', '7b02')}`,
    '/blocks/999',
    `/blocks/${'00'.repeat(32)}`,
    `/transactions/${'00'.repeat(32)}`,
    `/receipts/${'00'.repeat(32)}`,
    `/receipts/${'00'.repeat(32)}/proof`,
  ]
  test.each(absent)('GET %s is a 404 problem', async (path) => {
    const { status, text } = await get(path)
    expect({ status, type: JSON.parse(text).type }).toEqual({ status: 404, type: 'about:blank' })
  })
})
