import { Database } from 'bun:sqlite'
import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { storeContract } from '../testing/store-contract.ts'
import { sqliteStore } from './sqlite.ts'
import type { Declaration } from './store.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-store-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let made = 0
const freshPath = () => join(folder, `${made++}`, 'store.sqlite')

storeContract('sqlite on a file', async () => sqliteStore({ path: freshPath() }))
storeContract('sqlite in memory', async () => sqliteStore({ path: ':memory:' }))

type Note = { readonly id: string; readonly size?: number; readonly topic?: string; readonly text?: string }
const Plain: Declaration<Note> = { name: 'notes', fields: {} }
const Sized: Declaration<Note> = { name: 'notes', fields: { size: 'integer' }, indexes: [['size']] }

describe('the sqlite file', () => {
  test('is readable by its owner alone and leaves no companion files after close', async () => {
    const path = freshPath()
    const store = sqliteStore({ path })
    await store.collection(Plain).insert({ id: 'a' })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await store.close()
    expect(readdirSync(join(path, '..'))).toEqual(['store.sqlite'])
  })

  test('has a write-ahead log and overwrites what is removed', async () => {
    const path = freshPath()
    const store = sqliteStore({ path })
    const notes = store.collection(Plain)
    await notes.insert({ id: 'a', text: 'the-quick-secret' })
    await notes.remove('a')
    await store.close()
    const bytes = Buffer.from(await Bun.file(path).arrayBuffer())
    expect(bytes.includes('the-quick-secret')).toBe(false)
    // The journal mode is a property of the file (bytes 18 and 19 are 2 for WAL: sqlite.org/fileformat.html).
    expect([bytes[18], bytes[19]]).toEqual([2, 2])
  })

  test('fills a field and its index that were declared later, and forgets those no longer declared', async () => {
    const path = freshPath()
    const open = async (declaration: Declaration<Note>) => {
      const store = sqliteStore({ path })
      return { store, notes: store.collection(declaration) }
    }
    const first = await open(Plain)
    await first.notes.insertMany(
      [
        { id: 'a', size: 1, topic: 't' },
        { id: 'b', size: 2 },
      ],
      { onDuplicate: 'fail' },
    )
    await first.store.close()
    const second = await open({ name: 'notes', fields: { size: 'integer', topic: 'text' }, unique: [['topic']] })
    expect(await second.notes.find({ where: { size: 2 } })).toEqual([{ id: 'b', size: 2, rev: 1 }])
    await expect(second.notes.insert({ id: 'c', topic: 't' })).rejects.toMatchObject({ code: 'duplicate' })
    await second.store.close()
    const third = await open({ name: 'notes', fields: { size: 'integer' } })
    await third.notes.insert({ id: 'c', topic: 't' })
    await third.store.close()
    const fourth = await open({ name: 'notes', fields: { topic: 'text' } })
    expect(await fourth.notes.count({ topic: 't' })).toBe(2)
    await fourth.store.close()
    const fifth = await open({ name: 'notes', fields: { topic: 'integer' } })
    await expect(fifth.notes.count()).rejects.toMatchObject({ code: 'declaration-changed' })
    await fifth.store.close()
  })

  test('refuses one collection declared in two ways', async () => {
    const store = sqliteStore({ path: ':memory:' })
    await store.collection(Plain).count()
    const other = store.collection<Note>({ name: 'notes', fields: { size: 'integer' } })
    await expect(other.count()).rejects.toMatchObject({ code: 'bad-declaration' })
    await store.close()
  })

  test('that is full refuses writes and says what to do, keeps what it had, and serves reads', async () => {
    const store = sqliteStore({ path: freshPath(), maxBytes: 256 * 1024 })
    const notes = store.collection(Plain)
    const text = 'x'.repeat(20_000)
    let kept = 0
    const fill = async () => {
      for (; kept < 100; kept += 1) await notes.insert({ id: `${kept}`, text })
    }
    await expect(fill()).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'disk-full',
      message: expect.stringContaining('free space'),
    })
    expect(kept).toBeGreaterThan(0)
    const inTransaction = store.transaction(async (tx) => {
      await tx.collection(Plain).insert({ id: 'small' })
      await tx.collection(Plain).insertMany([{ id: 'big', text: text.repeat(50) }], { onDuplicate: 'fail' })
    })
    await expect(inTransaction).rejects.toMatchObject({ code: 'disk-full' })
    expect(await notes.get('small')).toBeUndefined()
    expect(await notes.count()).toBe(kept)
    await notes.remove('0')
    await notes.insert({ id: 'after', text })
    await store.close()
  })

  test('that cannot be opened is a fault that names the reason', async () => {
    const text = freshPath()
    await Bun.write(text, 'this is no database, it is a text that is longer than the header of one')
    for (const path of [folder, text])
      expect(() => sqliteStore({ path })).toThrow(expect.objectContaining({ kind: 'unavailable', code: 'disk-error' }))
  })

  test('held by another writer is busy, not broken', async () => {
    const path = freshPath()
    const store = sqliteStore({ path, busyTimeoutMs: 1 })
    await store.collection(Plain).count()
    const other = new Database(path)
    other.run('BEGIN IMMEDIATE')
    await expect(store.collection(Plain).insert({ id: 'a' })).rejects.toMatchObject({ code: 'store-busy' })
    other.run('ROLLBACK')
    other.close()
    expect(await store.collection(Plain).insert({ id: 'a' })).toMatchObject({ rev: 1 })
    await store.close()
  })

  test.each(['insert', 'replace', 'find', 'transaction'] as const)(
    'that another process declared otherwise since is declared again by the next %s',
    async (operation) => {
      const path = freshPath()
      const [store, other] = [sqliteStore({ path }), sqliteStore({ path })]
      const notes = store.collection(Sized)
      const { rev } = await notes.insert({ id: 'a', size: 1 })
      await other.collection(Plain).count()
      const ask = {
        insert: () => notes.insert({ id: 'b', size: 1 }),
        replace: () => notes.replace({ id: 'a', size: 1, text: 'new' }, rev),
        find: () => notes.find({ where: { size: 1 } }),
        transaction: () => store.transaction((tx) => tx.collection(Sized).replace({ id: 'a', size: 1 }, rev)),
      }
      await ask[operation]()
      const found = await notes.find({ where: { size: 1 } })
      expect(found.map(({ id }) => id)).toEqual(operation === 'insert' ? ['a', 'b'] : ['a'])
      await Promise.all([store.close(), other.close()])
    },
  )
})

const writer = join(import.meta.dir, 'sqlite-writer.fixture.ts')

/** Starts the writer, kills it with SIGKILL after `lines` acknowledgements, answers all that it printed. */
const killedAfter = async (path: string, run: string, lines: number) => {
  const child = Bun.spawn([process.execPath, writer, path, run], { stdout: 'pipe', stderr: 'inherit' })
  const decoder = new TextDecoder()
  let text = ''
  for await (const bytes of child.stdout) {
    text += decoder.decode(bytes, { stream: true })
    if (text.split('\n').length > lines) child.kill('SIGKILL')
  }
  await child.exited
  return text.split('\n').slice(0, -1)
}

test('everything acknowledged survives kill -9, and no transaction is kept by half', async () => {
  const path = freshPath()
  const acknowledged: string[] = []
  const rounds = fc.sample(fc.integer({ min: 1, max: 200 }), { numRuns: 12, seed: 20_260 })
  for (const [round, lines] of rounds.entries()) acknowledged.push(...(await killedAfter(path, `run${round}`, lines)))
  const store = sqliteStore({ path })
  const entries = store.collection<{ id: string; pair?: string }>({ name: 'entries', fields: {} })
  const kept = new Map((await entries.find()).map((entry) => [entry.id, entry]))
  expect(acknowledged.length).toBeGreaterThanOrEqual(rounds.reduce((sum, lines) => sum + lines, 0))
  expect(acknowledged.filter((id) => !kept.has(id))).toEqual([])
  const halves = [...kept.values()].filter(({ pair }) => pair !== undefined && !kept.has(pair))
  expect(halves).toEqual([])
  await store.close()
}, 60_000)
