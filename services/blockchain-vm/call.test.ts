import { describe, expect, test } from 'bun:test'
import { ANCHORS_ADDRESS } from '#common/evidence/anchor'
import { account } from './accounts.ts'
import { call } from './call.ts'
import { CHAIN_ID, REGISTRAR, STRANGER, signed } from './fixture.ts'
import { register, run, started } from './fixture-anchors.ts'

/** Precompile of EIP-4844. */
const POINT_EVALUATION = `${'00'.repeat(19)}0a`

describe('a call', () => {
  test('changes nothing, not even the nonce of its caller', async () => {
    const { nodes, root } = await started()
    const before = nodes.stored.size
    const request = { chain_id: CHAIN_ID, state_root: root, from: REGISTRAR, to: ANCHORS_ADDRESS, data: register(3) }
    const first = await call(nodes, request)
    expect(first).toMatchObject({ success: true, data: '' })
    expect(await call(nodes, request)).toEqual(first)
    expect(nodes.stored.size).toBe(before)
    expect((await account(nodes, root, REGISTRAR)).nonce).toBe(0)
  })

  test('its gas is what the transaction will use', async () => {
    const chain = await started()
    const { gas_used } = await call(chain.nodes, {
      chain_id: CHAIN_ID,
      state_root: chain.root,
      from: REGISTRAR,
      to: ANCHORS_ADDRESS,
      data: register(3),
    })
    const done = await run(chain, [signed(0, { data: register(3) })])
    expect(done.receipts[0]?.gas_used).toBe(gas_used)
  })

  test('a revert answers its data, an endless loop ends at the gas cap', async () => {
    const { nodes, root } = await started()
    const reverted = await call(nodes, {
      chain_id: CHAIN_ID,
      state_root: root,
      from: STRANGER,
      to: ANCHORS_ADDRESS,
      data: register(3),
    })
    expect(reverted).toMatchObject({ success: false, error: 'revert' })
    expect(reverted.data.slice(8)).toBe(STRANGER.padStart(64, '0')) // NotRegistrar(caller)
    const endless = await call(nodes, { chain_id: CHAIN_ID, state_root: root, data: '5b600056', gas: 100_000 })
    expect(endless).toMatchObject({ success: false, gas_used: 100_000, error: 'out of gas' })
  })

  test('gas below the intrinsic cost runs nothing', async () => {
    const { nodes, root } = await started()
    expect(
      await call(nodes, { chain_id: CHAIN_ID, state_root: root, to: ANCHORS_ADDRESS, data: 'ff', gas: 21_000 }),
    ).toMatchObject({ success: false, error: 'intrinsic gas too low' })
  })

  test('of what this chain has not, blobs and oversized creation code, fails like any other call', async () => {
    const { nodes, root } = await started()
    const request = { chain_id: CHAIN_ID, state_root: root }
    const proof = await call(nodes, { ...request, to: POINT_EVALUATION, data: '01'.repeat(192) })
    expect(proof.success).toBe(false)
    const creation = await call(nodes, { ...request, data: '00'.repeat(49_153) })
    expect(creation).toMatchObject({ success: false, error: 'creation code too large' })
  })
})
