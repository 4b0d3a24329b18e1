import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { type SealedBlock, verifySealedBlock } from '#common/evidence/anchor'
import { Fault } from '#common/process/fault'
import { silentLog } from '#common/process/log'
import type { Declaration, Doc, Store } from '#common/store/store'
import { anchorTx, CHAIN_ID, REGISTRAR } from '#services/blockchain-vm/fixture'
import { identity, LEDGER_SEED, ledgerOn, localVm, memoryMark, memoryStore } from './fixture.ts'
import type { LedgerParts } from './ledger.ts'
import { fileMark } from './mark.ts'
import { followOrder } from './order.ts'
import { ownFolder } from './own-folder.ts'
import { sealing } from './seal.ts'
import { schema } from './store.ts'
import { sealedBlock, views } from './view.ts'

const founding = identity.sealing.public_key

/** A ledger with so many blocks of one transaction each. The same clock makes the same blocks, so a shorter one is an older copy. */
const grown = async (blocks: number, over: Partial<LedgerParts> = {}, now = 1_800_000_000_000) => {
  const [store, { vm }] = [memoryStore(), localVm()]
  const made = await ledgerOn(store, vm, { now: () => now })
  for (let n = 0; n < blocks; n++) {
    await made.submit(anchorTx(n, n).raw)
    await made.sealNext()
  }
  const clock = { now }
  const ledger = await ledgerOn(store, vm, { now: () => clock.now, ...over })
  const newest = (): SealedBlock => sealedBlock(ledger.head(), founding)
  return { ledger, store, vm, clock, newest, view: views(store, founding) }
}

const younger = await grown(5)
const markOf = async (sealed: SealedBlock) => {
  const mark = memoryMark()
  await mark.write(sealed)
  return mark
}

describe('a ledger whose store was put back to older data', () => {
  test('seals nothing when its mark is younger, and says what to do', async () => {
    const { ledger, clock } = await grown(3, { mark: await markOf(younger.newest()) })
    clock.now += 60_000
    await ledger.submit(anchorTx(3, 3).raw)
    const refusal = {
      kind: 'conflict',
      code: 'younger-block',
      message:
        'the store ends at block 3, but this ledger sealed block 5: it seals nothing until bun run recover chain decides',
    }
    await expect(ledger.sealNext()).rejects.toMatchObject(refusal)
    expect(() => ledger.guard.check()).toThrow(expect.objectContaining(refusal))
    expect([ledger.head().number, ledger.pool.size()]).toEqual([3, 1])
  })

  test('seals nothing when a reader of the chain kept a younger block, though its mark went back too', async () => {
    const { ledger } = await grown(3)
    await ledger.submit(anchorTx(3, 3).raw)
    await ledger.guard.learn(younger.newest(), 'on-system-chain-client')
    await expect(ledger.sealNext()).rejects.toMatchObject({ code: 'younger-block' })
  })

  test('grew another block of that height: a block of the same number and another hash stops it, too', async () => {
    const { ledger } = await grown(5, {}, 1_900_000_000_000)
    await ledger.guard.learn(younger.newest(), 'a bundle')
    expect(() => ledger.guard.check()).toThrow('sealed block 5')
  })

  test('is not stopped by what proves nothing, nor by its own blocks', async () => {
    const { ledger } = await grown(3)
    const { block, sealer } = younger.newest()
    const other = sealing('55'.repeat(32)).seal(block.hash)
    const nothing: readonly SealedBlock[] = [
      { block, sealer: other },
      { block, sealer: { ...other, public_key: sealer.public_key } },
      { block: { ...block, number: 6 }, sealer },
      { block: { ...block, header_rlp: `${block.header_rlp}00` }, sealer },
      { block: { ...block, hash: 'ab'.repeat(32) }, sealer: identity.sealing.seal('ab'.repeat(32)) },
      (await grown(2)).newest(),
    ]
    for (const sealed of nothing) await ledger.guard.learn(sealed, 'somebody')
    await ledger.submit(anchorTx(3, 3).raw)
    expect((await ledger.sealNext())?.number).toBe(4)
  })

  test('goes on under another key once that is decided, and what was sealed before stays as it is', async () => {
    const { ledger, store, view, clock, newest } = await grown(3, { mark: await markOf(younger.newest()) })
    clock.now += 60_000
    await ledger.submit(anchorTx(3, 7).raw)
    await expect(ledger.goOn(2)).rejects.toMatchObject({ code: 'head-differs' })
    await ledger.goOn(3)
    expect((await ledger.sealNext())?.number).toBe(4)
    const { blocks } = await view.page(0, 10, ledger.head())
    const next = identity.sealing.ofBranch(1).public_key
    expect(blocks.map(({ sealer }) => sealer.public_key)).toEqual([founding, founding, founding, founding, next])
    expect(ledger.sealers()).toEqual([founding, next])
    verifySealedBlock(CHAIN_ID, newest())
    await ledger.guard.learn(younger.newest(), 'the index, late')
    ledger.guard.check()
    await expect(ledger.goOn(4)).rejects.toMatchObject({ code: 'nothing-to-decide' })

    const again = await ledgerOn(store, localVm().vm)
    await again.recoverHead()
    await again.submit(anchorTx(4, 8).raw)
    expect((await again.sealNext())?.sealed_by).toBe(next)
  })

  test('twice, the second time to before its new key, begins a key above both', async () => {
    const first = await grown(3, { mark: await markOf(younger.newest()) })
    await first.ledger.goOn(3)
    await first.ledger.submit(anchorTx(3, 7).raw)
    await first.ledger.sealNext()
    const second = await grown(3)
    await second.ledger.guard.learn(first.newest(), 'on-system-chain-client')
    expect(() => second.ledger.guard.check()).toThrow('sealed block 4')
    await second.ledger.goOn(3)
    await second.ledger.submit(anchorTx(3, 9).raw)
    expect((await second.ledger.sealNext())?.sealed_by).toBe(identity.sealing.ofBranch(2).public_key)
    await second.ledger.guard.learn(first.newest(), 'on-system-chain-client')
    second.ledger.guard.check()
  })
})

/** The same documents in a store of their own. */
const copyOf = async (store: Store): Promise<Store> => {
  const copy = memoryStore()
  for (const declared of schema.collections)
    await copy
      .collection(declared as Declaration<Doc>)
      .restore(await store.collection(declared as Declaration<Doc>).find())
  return copy
}
/** What a world may do to a chain: grow, or be put back and, once stopped, go on. */
type Move = { readonly grow: number } | { readonly back: number }
const move = fc.oneof(
  fc.record({ grow: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ back: fc.integer({ min: 0, max: 4 }) }),
)

test('whatever is put back, there are never two blocks of one height under one key', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(move, { minLength: 2, maxLength: 7 }), async (moves: readonly Move[]) => {
      const seen = new Map<string, string>()
      const kept = new Map<string, SealedBlock>()
      let now = 1_800_000_000_000
      let content = 0
      const { vm } = localVm()
      let copies = [memoryStore()]
      const note = (sealed: SealedBlock) => {
        const place = `${sealed.sealer.public_key} ${sealed.block.number}`
        expect(seen.get(place) ?? sealed.block.hash).toBe(sealed.block.hash)
        seen.set(place, sealed.block.hash)
        const before = kept.get(sealed.sealer.public_key)
        if (before === undefined || before.block.number < sealed.block.number)
          kept.set(sealed.sealer.public_key, sealed)
      }
      for (const one of moves) {
        now += 60_000
        if ('back' in one) copies = copies.slice(0, Math.max(1, copies.length - one.back))
        const store = await copyOf(copies.at(-1) ?? memoryStore())
        const ledger = await ledgerOn(store, vm, { now: () => now })
        for (const sealed of kept.values()) await ledger.guard.learn(sealed, 'a reader')
        if (!ledger.guard.isClear()) await ledger.goOn(ledger.head().number)
        if ('back' in one) continue
        for (let n = 0; n < one.grow; n++) {
          const { nonce } = await vm.account(ledger.head().state_root, REGISTRAR)
          await ledger.submit(anchorTx(nonce, ++content).raw)
          await ledger.sealNext()
          note(sealedBlock(ledger.head(), founding))
          copies = [...copies, await copyOf(store)]
        }
      }
    }),
    { numRuns: 15 },
  )
}, 120_000)

describe('the mark', () => {
  test('is written before a block can be seen, and a block without one is published when it can be', async () => {
    let full = true
    const inner = memoryMark()
    const mark = {
      ...inner,
      write: (sealed: SealedBlock) =>
        full && sealed.block.number > 0
          ? Promise.reject(new Fault('unavailable', 'disk-full', 'no space'))
          : inner.write(sealed),
    }
    const { ledger, view, newest } = await grown(0, { mark })
    const { raw, hash } = anchorTx(0, 0)
    await ledger.submit(raw)
    await expect(ledger.sealNext()).rejects.toMatchObject({ code: 'disk-full' })
    expect(ledger.head().number).toBe(0)
    await expect(view.block('1', ledger.head())).rejects.toMatchObject({ code: 'not-on-chain' })
    await expect(view.proof(hash, ledger.head())).rejects.toMatchObject({ code: 'not-on-chain' })
    expect((await view.page(0, 10, ledger.head())).blocks).toHaveLength(1)
    full = false
    expect(await ledger.sealNext()).toBeUndefined()
    expect(await inner.read()).toEqual(newest())
    expect((await view.block('1', ledger.head())).tx_hashes).toEqual([hash])
  })

  test('is raised to the head where the process died in between, and made where an older release was here', async () => {
    const behind = await markOf((await grown(2)).newest())
    for (const mark of [behind, memoryMark()]) {
      const { newest } = await grown(3, { mark })
      expect(await mark.read()).toEqual(newest())
    }
  })

  const folders: string[] = []
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))
  const newFolder = async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lucid-mark-'))
    folders.push(folder)
    return folder
  }

  test('as a file is whole or not there', async () => {
    const folder = await newFolder()
    const mark = fileMark(ownFolder(folder))
    expect(await mark.read()).toBeUndefined()
    await mark.write(younger.newest())
    expect(await mark.read()).toEqual(younger.newest())
    expect(await readdir(folder)).toEqual(['sealed.json'])
  })

  test('that cannot be read stops the ledger until it is decided', async () => {
    const folder = await newFolder()
    for (const text of ['', '{', '{"block":{}}']) {
      await writeFile(join(folder, 'sealed.json'), text)
      const { ledger, newest } = await grown(1, { mark: fileMark(ownFolder(folder)) })
      await ledger.submit(anchorTx(1, 1).raw)
      await expect(ledger.sealNext()).rejects.toMatchObject({ code: 'mark-damaged' })
      await ledger.goOn(1)
      expect((await ledger.sealNext())?.sealed_by).toBe(identity.sealing.ofBranch(1).public_key)
      expect(await fileMark(ownFolder(folder)).read()).toEqual(newest())
    }
  })

  test('and an order: a bundle’s block stops the ledger, a decision lets it go on, anything else is refused', async () => {
    const folder = await newFolder()
    const { ledger } = await grown(3)
    const order = async (value: unknown) => {
      await writeFile(join(folder, 'recover.json'), JSON.stringify(value))
      expect(await followOrder(ownFolder(folder), ledger, silentLog)).toBe(true)
      return ledger.guard.isClear()
    }
    expect(await followOrder(ownFolder(folder), ledger, silentLog)).toBe(false)
    expect(await order({ sealed: [younger.newest()] })).toBe(false)
    expect(await order({ sealed: [], go_on: 2 })).toBe(false)
    expect(await order({ go_on: 3 })).toBe(false)
    expect(await order({ sealed: [], go_on: 3 })).toBe(true)
    expect(await readdir(folder)).toEqual([])
  })
})

test('the keys of later branches are fixed by the ledger key and their number', () => {
  const keys = [0, 1, 2].map((branch) => sealing(LEDGER_SEED, branch).public_key)
  expect(new Set(keys).size).toBe(3)
  expect(keys).toEqual([
    '17cb79fb2b4120f2b1ec65e4198d6e08b28e813feb01e4a400839b85e18080ce',
    'c9d4a11751b276e6024cab232fe82314b6c688e76ec70bf9ae97be6e3c75828f',
    '42729219d99342d560b72ec407e6fbfb3c39a05a1b21139d03076044e9b57485',
  ])
})
