import { describe, expect, test } from 'bun:test'
import type { Store } from '#common/store/store'
import { anchorTx, CHAIN_ID, REGISTRAR } from '#services/blockchain-vm/fixture'
import { forks, identity, localVm, opened, tamper } from './fixture.ts'
import { recover } from './recovery.ts'
import { sealing } from './seal.ts'
import { type BlockDoc, collections } from './store.ts'
import type { Vm } from './vm.ts'

const recoveryOf = (store: Store, vm: Vm) => ({
  store,
  vm,
  chainId: CHAIN_ID,
  registrar: REGISTRAR,
  forks,
  sealers: [identity.sealing.public_key],
})

describe('a virtual machine that lost its state', () => {
  test('gets it back from the blocks, with the same roots', async () => {
    const { ledger, forget, calls, storedNodes } = await opened()
    for (let n = 0; n < 5; n++) {
      await ledger.submit(anchorTx(n, n).raw)
      await ledger.sealNext()
    }
    forget()
    const before = calls.execute
    await ledger.submit(anchorTx(5, 5).raw)
    expect(calls.execute - before).toBe(5)
    expect(storedNodes().has(ledger.head().state_root)).toBe(true)
    expect((await ledger.sealNext())?.number).toBe(6)
  })

  test('and an independent one from genesis on reach the same head, block by block', async () => {
    const { ledger, store } = await opened()
    for (let n = 0; n < 40; n++) {
      await ledger.submit(anchorTx(n, n).raw)
      if (n % 7 === 6) await ledger.sealNext()
    }
    await ledger.sealNext()
    const second = localVm()
    const blocks = await recover(recoveryOf(store, second.vm), ledger.head())
    expect(blocks).toBe(6)
    expect(await second.vm.hasState(ledger.head().state_root)).toBe(true)
  })

  test('is given no altered block: each kind of change is refused and named', async () => {
    const { ledger, store } = await opened()
    for (let n = 0; n < 3; n++) {
      await ledger.submit(anchorTx(n, n).raw)
      await ledger.sealNext()
    }
    const head = ledger.head()
    const { blocks, transactions } = collections(store)
    const [original] = await blocks.find({ where: { number: 2 } })
    if (!original) throw new Error('no block')
    const { rev: _rev, ...whole } = original
    const changes: readonly (readonly [string, Partial<BlockDoc>])[] = [
      ['block-differs', { base_fee: '8' }],
      ['block-differs', { timestamp: original.timestamp + 1 }],
      ['block-differs', { gas_limit: 29_999_999 }],
      ['block-differs', { tx_hashes: [] }],
      ['block-differs', { tx_hashes: [...original.tx_hashes, anchorTx(2, 2).hash] }],
      ['block-differs', { parent_hash: 'ee'.repeat(32) }],
      ['block-differs', { header_rlp: original.header_rlp.replace(/.$/, '1') }],
      ['block-differs', { gas_used: original.gas_used + 1 }],
      ['seal-differs', { signature: sealing('66'.repeat(32)).seal(original.id).signature }],
    ]
    for (const [code, change] of changes) {
      await tamper(store, 2, () => change)
      await expect(recover(recoveryOf(store, localVm().vm), head)).rejects.toMatchObject({ code })
      await tamper(store, 2, () => whole)
    }
    await recover(recoveryOf(store, localVm().vm), head)
    const doc = await transactions.get(anchorTx(1, 1).hash)
    if (!doc) throw new Error('no transaction')
    const { rev, ...rest } = doc
    await transactions.replace({ ...rest, raw: anchorTx(1, 77).raw }, rev)
    await expect(recover(recoveryOf(store, localVm().vm), head)).rejects.toMatchObject({ code: 'block-differs' })
  })
})
