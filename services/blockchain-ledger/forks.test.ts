import { describe, expect, test } from 'bun:test'
import { NEWEST_RULES } from '#common/ethereum/forks'
import type { Store } from '#common/store/store'
import { MODEXP_CODE, signed } from '#services/blockchain-vm/fixture'
import { ledgerOn, localVm, memoryStore } from './fixture.ts'
import { collections } from './store.ts'
import type { Vm } from './vm.ts'

/** What MODEXP costs more under EIP-7883 than under EIP-2565. */
const DEARER = 2048 - 341

/** The machine as the release before forks asks it. */
const askedByOldRelease = (vm: Vm): Vm => ({
  ...vm,
  execute: ({ block, ...request }) => vm.execute({ ...request, block: { ...block, rules: 'cancun' } }),
})

/** The chain's document as that release leaves it: it keeps what it does not know, and never moves it. */
const leaveAs = async (store: Store, forks: 'never-written' | 'as-before', work: () => Promise<void>) => {
  const { meta } = collections(store)
  const before = await meta.get('chain')
  await work()
  const after = await meta.get('chain')
  if (after === undefined) throw new Error('no chain')
  const { rev, forks: _forks, forks_until: _until, ...rest } = after
  const kept = { forks: before?.forks, forks_until: before?.forks_until }
  await meta.replace((forks === 'never-written' ? rest : { ...rest, ...kept }) as typeof after, rev)
}

/** Seals one block with a transaction that uses MODEXP; answers its gas. */
const sealModexp = async (store: Store, vm: Vm, nonce: number): Promise<number> => {
  const ledger = await ledgerOn(store, vm)
  await ledger.submit(signed(nonce, { to: undefined, data: MODEXP_CODE }).raw)
  return (await ledger.sealNext())?.gas_used ?? 0
}

const forksOf = async (store: Store, vm: Vm) => (await ledgerOn(store, vm)).meta.forks

describe('the rules of the machine', () => {
  test('are the newest from genesis on in a new chain', async () => {
    expect(await forksOf(memoryStore(), localVm().vm)).toEqual([{ from: 0, rules: NEWEST_RULES }])
  })

  test('of a chain of the release before change behind its head, and its blocks stay what they were', async () => {
    const [store, { vm, forget }] = [memoryStore(), localVm()]
    let old = 0
    await leaveAs(store, 'never-written', async () => {
      for (const nonce of [0, 1]) old = await sealModexp(store, askedByOldRelease(vm), nonce)
    })
    expect(await sealModexp(store, vm, 2)).toBe(old + DEARER)
    expect(await forksOf(store, vm)).toEqual([{ from: 3, rules: NEWEST_RULES }])
    forget()
    const ledger = await ledgerOn(store, vm)
    await ledger.recoverHead() // every block executed again comes out the same, or this throws
    expect(await vm.hasState(ledger.head().state_root)).toBe(true)
  })

  test('that a release without forks made blocks by in between are known as well', async () => {
    const [store, { vm, forget }] = [memoryStore(), localVm()]
    const dear = await sealModexp(store, vm, 0)
    await leaveAs(store, 'as-before', async () => {
      expect(await sealModexp(store, askedByOldRelease(vm), 1)).toBe(dear - DEARER)
    })
    expect(await sealModexp(store, vm, 2)).toBe(dear)
    forget()
    const ledger = await ledgerOn(store, vm)
    expect(ledger.meta.forks.map(({ from }) => from)).toEqual([0, 2, 3])
    await ledger.recoverHead()
    expect(await vm.hasState(ledger.head().state_root)).toBe(true)
  })
})
