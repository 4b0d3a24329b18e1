import { describe, expect, test } from 'bun:test'
import { Fault } from '#common/process/fault'
import { silentLog } from '#common/process/log'
import { sqliteStore } from '#common/store/sqlite'
import type { Declaration, Store } from '#common/store/store'
import { follower } from './follower.ts'
import { CONTRACT, chainOf, chunkAnchored, registered, served, session } from './scripted-chain.fixture.ts'
import { findAnchor, listAnchors, listChunks, schema } from './store.ts'

const opened = () => sqliteStore({ path: ':memory:' })
const made = (store: Store, chain: Parameters<typeof served>[0], read = served(chain)) =>
  follower({ store, read, contract: CONTRACT, log: silentLog })

const drain = async ({ step }: { step: () => Promise<boolean> }) => {
  while (await step());
}
const ids = async (store: Store) =>
  (await listAnchors(store, { limit: 1000 })).anchors.map(({ session_id }) => session_id)

const many = (count: number) => chainOf([[], ...Array.from({ length: count }, (_, n) => [registered(n)])])

describe('following the ledger', () => {
  test('indexes every event once, in chain order, over many pages', async () => {
    const store = opened()
    const follow = made(store, { blocks: many(53) })
    expect(await follow.progress()).toEqual({ indexed: -1, head: -1, caught_up: false })
    await follow.step()
    expect(await follow.progress()).toEqual({ indexed: 19, head: 53, caught_up: false })
    await drain(follow)
    expect(await follow.progress()).toEqual({ indexed: 53, head: 53, caught_up: true })
    expect(await ids(store)).toEqual(Array.from({ length: 53 }, (_, n) => session(n)))
  })

  test('continues where a former process stopped', async () => {
    const store = opened()
    const chain = { blocks: many(3) }
    await drain(made(store, chain))
    chain.blocks = many(6)
    const asked: number[] = []
    const read = served(chain)
    const again = made(store, chain, (from, limit) => {
      asked.push(from)
      return read(from, limit)
    })
    await drain(again)
    expect(asked[0]).toBe(4)
    expect(await ids(store)).toHaveLength(6)
  })

  test('a process that dies in the transaction leaves neither events nor a moved cursor', async () => {
    const store = opened()
    const chain = { blocks: many(5) }
    const dying: Store = {
      ...store,
      transaction: (work) =>
        store.transaction(async (tx) => {
          await work(tx)
          throw new Fault('unavailable', 'died', 'died before the commit')
        }),
    }
    await expect(made(dying, chain).step()).rejects.toThrow('died')
    expect(await ids(store)).toEqual([])
    expect(await made(store, chain).progress()).toMatchObject({ indexed: -1 })
    await drain(made(store, chain))
    expect(await ids(store)).toHaveLength(5)
  })

  test('a ledger that is away changes nothing and is followed again when it is back', async () => {
    const store = opened()
    const chain = { blocks: many(2) }
    let away = true
    const read = served(chain)
    const follow = made(store, chain, async (from, limit) => {
      if (away) throw new Fault('unavailable', 'unreachable', 'away')
      return read(from, limit)
    })
    await expect(follow.step()).rejects.toThrow('away')
    away = false
    await drain(follow)
    expect(await ids(store)).toHaveLength(2)
  })

  test('another history of the same length is read anew: what it lacks goes, what it has comes', async () => {
    const store = opened()
    const chain = { blocks: many(30) }
    await drain(made(store, chain))
    chain.blocks = chainOf([[], [registered(7)], [registered(99)]], 'other')
    const follow = made(store, chain)
    await drain(follow)
    expect(await ids(store)).toEqual([session(7), session(99)])
    expect(await follow.progress()).toMatchObject({ indexed: 2, head: 2, caught_up: true })
    expect((await findAnchor(store, session(7)))?.block_hash).toBe(String(chain.blocks[1]?.hash))
  })

  test('a ledger whose blocks do not link at the very start is refused', async () => {
    const follow = made(opened(), { blocks: [...many(3)].reverse() })
    await expect(follow.step()).rejects.toThrow('do not link')
  })

  test('chunk anchors are listed from an index on', async () => {
    const store = opened()
    await drain(made(store, { blocks: chainOf([[0, 1, 2, 3].map((index) => chunkAnchored(1, index))]) }))
    const { chunks } = await listChunks(store, session(1), 2, 10)
    expect(chunks.map(({ index }) => index)).toEqual([2, 3])
    expect(await ids(store)).toEqual([])
  })
})

describe('replay', () => {
  const damaged = async (store: Store) => {
    type Row = { id: string; block_number: number; owner?: string; kind: string }
    const events = store.collection(schema.collections[0] as Declaration<Row>)
    const row = await events.get(session(30))
    if (!row) throw new Error('no row')
    const { rev, ...doc } = row
    await events.replace({ ...doc, owner: 'ee'.repeat(20), block_number: 2 }, rev)
    await events.remove(session(31))
    await events.insert({ ...doc, id: session(500) })
  }

  test('of a sound index finds nothing', async () => {
    const store = opened()
    const follow = made(store, { blocks: many(40) })
    await drain(follow)
    expect(await follow.replay(0)).toMatchObject({ from: 0, until: 40, done: false })
    await drain(follow)
    expect((await follow.progress()).replay).toMatchObject({ done: true, checked: 40, differed: 0, differences: [] })
  })

  test('names and repairs what is altered, missing and extra, and survives a restart halfway', async () => {
    const store = opened()
    const chain = { blocks: many(40) }
    await drain(made(store, chain))
    const sound = await listAnchors(store, { limit: 1000 })
    await damaged(store)
    const first = made(store, chain)
    await first.replay(3)
    await first.step()
    const second = made(store, chain)
    await drain(second)
    const { replay } = await second.progress()
    expect(replay).toMatchObject({ from: 3, until: 40, next: 41, done: true, checked: 38, differed: 3 })
    expect(replay?.differences.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
      { block_number: 31, id: session(30), what: 'altered' },
      { block_number: 32, id: session(31), what: 'missing' },
      { block_number: 31, id: session(500), what: 'extra' },
    ])
    expect(await listAnchors(store, { limit: 1000 })).toEqual(sound)
  })

  test('from beyond the head is done at once', async () => {
    const store = opened()
    const follow = made(store, { blocks: many(2) })
    await drain(follow)
    expect(await follow.replay(9)).toMatchObject({ done: true, checked: 0 })
  })
})
