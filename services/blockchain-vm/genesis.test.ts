import { describe, expect, test } from 'bun:test'
import { decodeFunctionResult, encodeFunctionData } from 'viem'
import { ANCHORS_ADDRESS } from '#common/evidence/anchor'
import { lucidAnchors } from '#services/contracts/lucid-anchors'
import { account, storageSlot } from './accounts.ts'
import { REGISTRAR } from './fixture.ts'
import { abi, started, view, x } from './fixture-anchors.ts'
import { GENESIS_BALANCE } from './genesis.ts'

describe('genesis', () => {
  test('holds the contract at its address, the registrar in slot 0 and its funds', async () => {
    const { nodes, root } = await started()
    expect((await account(nodes, root, ANCHORS_ADDRESS)).code).toBe(lucidAnchors.runtime)
    expect((await storageSlot(nodes, root, ANCHORS_ADDRESS, '00'.repeat(32))).value).toBe(REGISTRAR.padStart(64, '0'))
    expect(await account(nodes, root, REGISTRAR)).toMatchObject({
      nonce: 0,
      balance: String(GENESIS_BALANCE),
      code: '',
    })
    const said = await view(nodes, root, encodeFunctionData({ abi, functionName: 'registrar' }))
    expect(decodeFunctionResult({ abi, functionName: 'registrar', data: said }).toLowerCase()).toBe(x(REGISTRAR))
  })

  test('has this state root for this registrar, for good', async () => {
    expect((await started()).root).toBe('743ad9b6d1b10e6b5546b86faf96894fa36bcf9fb3d20f9e5166d11ef36b83d2')
  })
})
