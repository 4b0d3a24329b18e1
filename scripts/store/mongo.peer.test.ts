import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { MongoClient } from 'mongodb'
import { mongoStore } from '#common/store/mongo'
import type { Declaration } from '#common/store/store'
import { auditContract } from '#common/testing/audit-contract'
import { migrationContract } from '#common/testing/migrations-contract'
import { migrationBench } from '#common/testing/migrations-contract-bench'
import { countAge, People, renameName } from '#common/testing/migrations-contract-schema'
import { storeContract } from '#common/testing/store-contract'
import { faultOf } from '#common/testing/store-contract-jobs'
import { type MongoServer, serverKinds } from '../testing/peers/stores.ts'

const owner = 'session-encryptor'

type Note = { readonly id: string; readonly size?: number; readonly topic?: string }
const Plain: Declaration<Note> = { name: 'notes', fields: {} }
const Sized: Declaration<Note> = {
  name: 'notes',
  fields: { size: 'integer', topic: 'text' },
  required: ['size'],
  unique: [['topic']],
  indexes: [['size']],
}

/** What is MongoDB's own: how declarations become collections, validators and indexes. */
const collectionsOnServer = (fresh: () => string): void => {
  const using = async <R>(
    url: string,
    declaration: Declaration<Note>,
    work: (notes: ReturnType<typeof open>['notes']) => Promise<R>,
  ) => {
    const { store, notes } = open(url, declaration)
    return work(notes).finally(() => store.close())
  }
  const open = (url: string, declaration: Declaration<Note>) => {
    const store = mongoStore({ url, owner })
    return { store, notes: store.collection(declaration) }
  }
  const raw = async <R>(url: string, work: (client: MongoClient) => Promise<R>) => {
    const client = new MongoClient(url)
    return work(client).finally(() => client.close())
  }
  const indexes = (url: string) =>
    raw(url, async (client) =>
      (await client.db().collection(`${owner}.notes`).listIndexes().toArray()).map(({ name }) => name).toSorted(),
    )

  test('a collection is named after its owner, and the database itself refuses what breaks its declaration', async () => {
    const url = fresh()
    await using(url, Sized, (notes) => notes.insert({ id: 'a', size: 1 }))
    await raw(url, async (client) => {
      const names = (await client.db().listCollections().toArray()).map(({ name }) => name)
      expect(names).toEqual([`${owner}.notes`])
      const notes = client.db().collection<{ _id: string }>(`${owner}.notes`)
      expect(await notes.findOne({})).toEqual({ _id: 'a', rev: 1, size: 1 } as never)
      for (const broken of [{ rev: 1 }, { rev: 1, size: 'large' }, { size: 1 }])
        await expect(notes.insertOne({ _id: 'b', ...broken })).rejects.toMatchObject({ code: 121 })
    })
  })

  test('a declaration that changes changes validator and indexes, and no document or index of others', async () => {
    const url = fresh()
    await using(url, Plain, (notes) =>
      notes.insertMany(
        [
          { id: 'a', size: 1, topic: 't' },
          { id: 'b', size: 2 },
        ],
        { onDuplicate: 'fail' },
      ),
    )
    await raw(url, (client) => client.db().collection(`${owner}.notes`).createIndex({ topic: 1 }, { name: 'theirs' }))
    await using(url, Sized, async (notes) => {
      expect(await notes.find({ where: { size: { gte: 2 } } })).toEqual([{ id: 'b', size: 2, rev: 1 }])
      await expect(notes.insert({ id: 'c', size: 1, topic: 't' })).rejects.toMatchObject({ code: 'duplicate' })
    })
    expect(await indexes(url)).toEqual(['_id_', 'index:size', 'theirs', 'unique:topic'])
    await using(url, Plain, (notes) => notes.insert({ id: 'c', topic: 't' }))
    expect(await indexes(url)).toEqual(['_id_', 'theirs'])
    await using(url, Sized, async (notes) => {
      await expect(notes.count()).rejects.toMatchObject({ kind: 'conflict', code: 'duplicate' })
    })
  })

  test('a field that changes its kind is refused: that needs a migration', async () => {
    const url = fresh()
    await using(url, Sized, (notes) => notes.insert({ id: 'a', size: 1 }))
    const other = { ...Sized, fields: { size: 'text', topic: 'text' } } as Declaration<Note>
    await using(url, other, async (notes) => {
      await expect(notes.count()).rejects.toMatchObject({ kind: 'invalid', code: 'declaration-changed' })
    })
  })

  test('two processes that open the same empty database at once both succeed', async () => {
    const url = fresh()
    const both = await Promise.all(
      ['a', 'b', 'c', 'd'].map((id) => using(url, Sized, (notes) => notes.insert({ id, size: 1 }))),
    )
    expect(both.map(({ rev }) => rev)).toEqual([1, 1, 1, 1])
    expect(await indexes(url)).toEqual(['_id_', 'index:size', 'unique:topic'])
  })

  test('a URL that asks for less does not weaken what is promised', async () => {
    const url = `${fresh()}&w=0&journal=false&readConcernLevel=local&retryWrites=false`
    await using(url, Sized, async (notes) => {
      await notes.insert({ id: 'a', size: 1, topic: 't' })
      await expect(notes.insert({ id: 'a', size: 1 })).rejects.toMatchObject({ code: 'duplicate' })
    })
  })

  test('claims of several processes hand each document to one taker', async () => {
    const url = fresh()
    const stores = [open(url, Sized), open(url, Sized), open(url, Sized)]
    await stores[0]?.notes.insertMany(
      Array.from({ length: 30 }, (_, size) => ({ id: `n${size}`, size })),
      { onDuplicate: 'fail' },
    )
    const takeAll = async (notes: (typeof stores)[number]['notes'], by: string) => {
      const taken: string[] = []
      for (let n = 0; ; n++) {
        const one = await notes.claim({ where: { size: { gte: 0 } }, set: { size: -1, topic: `${by}${n}` } })
        if (one === undefined) return taken
        taken.push(one.id)
      }
    }
    const taken = (await Promise.all(stores.map(({ notes }, i) => takeAll(notes, `t${i}-`)))).flat()
    expect(taken.toSorted()).toEqual(Array.from({ length: 30 }, (_, i) => `n${i}`).toSorted())
    await Promise.all(stores.map(({ store }) => store.close()))
  })
}

/** SQLite has one writer at a time: its runners are told apart in processes of their own (`killed.test.ts`). */
const migrationsTogether = (place: Parameters<typeof migrationBench>[0]): void => {
  const { plant, run, using, record } = migrationBench(place)
  test('of two runners that start together one migrates, and the other is refused or finds it done', async () => {
    await plant(500)
    const outcomes = await Promise.all([1, 2].map(() => faultOf(run([renameName, countAge]))))
    for (const outcome of outcomes) expect(outcome).toBeOneOf([undefined, 'conflict/migration-taken-over'])
    expect(outcomes).toContain(undefined)
    const found = await using((store) => store.collection(People).find())
    expect(found.filter(({ rev, age }) => rev !== 3 || typeof age !== 'number')).toEqual([])
    expect((await record())?.history.map(({ version }) => version)).toEqual([1, 2])
  })
}

for (const peer of await serverKinds(process.env)) {
  if ('absent' in peer) {
    console.log(`NOT RUN: ${peer.name}: ${peer.absent}`)
    test.skip(`${peer.name} keeps the contracts of the store`, () => {})
    continue
  }
  describe(peer.name, () => {
    let server: MongoServer
    beforeAll(async () => {
      server = await peer.start()
    })
    afterAll(() => server.stop())
    storeContract(peer.name, async () => mongoStore({ url: server.fresh(), owner }))
    auditContract(peer.name, async () => mongoStore({ url: server.fresh(), owner }))
    const place = async () => {
      const url = server.fresh()
      return async () => mongoStore({ url, owner })
    }
    migrationContract(peer.name, place)
    describe('migrations', () => migrationsTogether(place))
    describe('collections', () => collectionsOnServer(() => server.fresh()))
  })
}
