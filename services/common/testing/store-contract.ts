import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { isFault } from '../process/fault.ts'
import { DOCUMENT_BYTES } from '../store/document.ts'
import type { Declaration, Store } from '../store/store.ts'
import { checkAgainstModel } from './store-contract-model.ts'

type Job = {
  readonly id: string
  readonly state: 'queued' | 'taken' | 'done'
  readonly at?: number | null
  readonly weight?: number
  readonly urgent?: boolean
  readonly owner?: string
  readonly slot?: string
  readonly detail?: { readonly tags: readonly string[] }
}

const Jobs: Declaration<Job> = {
  name: 'jobs',
  fields: { state: 'text', at: 'integer', weight: 'real', urgent: 'boolean', owner: 'text', slot: 'text' },
  unique: [['owner', 'slot']],
  indexes: [['state', 'at']],
}

const faultOf = async (promise: Promise<unknown>) => {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return isFault(error) ? `${error.kind}/${error.code}` : error
}

const ids = (docs: readonly { readonly id: string }[]) => docs.map(({ id }) => id)
const job = (id: string, more: Partial<Job> = {}): Job => ({ id, state: 'queued', ...more })

/** The promises of store.ts, as one suite. `open` gives an empty store each time it is called. */
export const storeContract = (name: string, open: () => Promise<Store>): void => {
  describe(`${name} keeps the store contract`, () => {
    let store: Store
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store.close())
    const jobs = () => store.collection(Jobs)

    test('a document comes back whole, with revision 1', async () => {
      const doc = job('a', { at: 5, urgent: true, detail: { tags: ['é', '\u0000', '𝒳'] } })
      expect(await jobs().insert(doc)).toEqual({ ...doc, rev: 1 })
      expect(await jobs().get('a')).toEqual({ ...doc, rev: 1 })
      expect(await jobs().get('b')).toBeUndefined()
    })

    test('a second document of the same id or unique fields is a duplicate', async () => {
      await jobs().insert(job('a', { owner: 'o', slot: '1' }))
      expect(await faultOf(jobs().insert(job('a')))).toBe('conflict/duplicate')
      expect(await faultOf(jobs().insert(job('b', { owner: 'o', slot: '1' })))).toBe('conflict/duplicate')
      await jobs().insert(job('b', { owner: 'o', slot: '2' }))
      expect(await faultOf(jobs().replace(job('b', { owner: 'o', slot: '1' }), 1))).toBe('conflict/duplicate')
      expect(await jobs().get('b')).toMatchObject({ slot: '2', rev: 1 })
    })

    test('a document that lacks a field of a unique index is not in it', async () => {
      for (const id of ['a', 'b']) await jobs().insert(job(id, { owner: 'o' }))
      expect(await jobs().count({ owner: 'o' })).toBe(2)
    })

    test('replace takes the kept revision only', async () => {
      const { rev } = await jobs().insert(job('a'))
      const second = await jobs().replace(job('a', { state: 'taken' }), rev)
      expect(second).toEqual({ ...job('a', { state: 'taken' }), rev: 2 })
      expect(await faultOf(jobs().replace(job('a', { state: 'done' }), rev))).toBe('conflict/stale')
      expect(await faultOf(jobs().replace(job('b'), 1))).toBe('missing/missing')
      expect(await jobs().get('a')).toEqual(second)
    })

    test('a document that was read can be handed back, and fields left out are gone', async () => {
      const kept = await jobs().insert(job('a', { owner: 'o' }))
      const { owner: _, ...rest } = kept
      await jobs().replace(rest, kept.rev)
      expect(await jobs().get('a')).toEqual({ ...job('a'), rev: 2 })
      expect(await jobs().count({ owner: 'o' })).toBe(0)
    })

    test('remove tells whether it was there, and keeps a document of another revision', async () => {
      await jobs().insert(job('a'))
      expect(await faultOf(jobs().remove('a', 9))).toBe('conflict/stale')
      expect(await jobs().remove('a', 1)).toBe(true)
      expect(await jobs().remove('a')).toBe(false)
    })

    test('find combines equality, lists and ranges, and skips absent and null fields', async () => {
      await jobs().insertMany(
        [
          job('a', { at: 1, urgent: false, weight: 0.1 }),
          job('b', { at: 2, urgent: true, weight: 0.1 + 0.2 }),
          job('c', { at: null }),
          job('d', { state: 'done', at: 3 }),
          job('e'),
        ],
        { onDuplicate: 'fail' },
      )
      const found = async (where: Parameters<ReturnType<typeof jobs>['count']>[0]) =>
        ids(await jobs().find({ ...(where && { where }) })).join('')
      expect(await found({})).toBe('abcde')
      expect(await found({ at: { gte: 1, lt: 3 } })).toBe('ab')
      expect(await found({ at: { gt: 1, lte: 3 }, state: 'queued' })).toBe('b')
      expect(await found({ id: { in: ['a', 'e', 'zz'] } })).toBe('ae')
      expect(await found({ state: { in: [] } })).toBe('')
      expect(await found({ urgent: false })).toBe('a')
      expect(await found({ urgent: { in: [true, false] } })).toBe('ab')
      expect(await found({ weight: 0.1 + 0.2 })).toBe('b')
      expect(await jobs().count({ state: 'queued' })).toBe(4)
    })

    test('sort puts absent first, breaks ties by id in the same direction, and limit and skip cut from the sorted list', async () => {
      await jobs().insertMany([job('c', { at: 2 }), job('b', { at: 2 }), job('a'), job('d', { at: -1 })], {
        onDuplicate: 'fail',
      })
      expect(ids(await jobs().find({ sort: [['at', 'asc']] })).join('')).toBe('adbc')
      expect(ids(await jobs().find({ sort: [['at', 'desc']] })).join('')).toBe('cbda')
      expect(ids(await jobs().find({ sort: [['at', 'asc']], skip: 1, limit: 2 })).join('')).toBe('db')
      expect(await jobs().find({ limit: 0 })).toEqual([])
    })

    test('insertMany is all or nothing, or skips duplicates when asked to', async () => {
      await jobs().insert(job('b'))
      const three = [job('a'), job('b'), job('c'), job('c')]
      expect(await faultOf(jobs().insertMany(three, { onDuplicate: 'fail' }))).toBe('conflict/duplicate')
      expect(await jobs().count()).toBe(1)
      expect(await jobs().insertMany(three, { onDuplicate: 'ignore' })).toBe(2)
      expect(ids(await jobs().find()).join('')).toBe('abc')
      const taken = [job('d', { owner: 'o', slot: '1' }), job('e', { owner: 'o', slot: '1' })]
      expect(await jobs().insertMany(taken, { onDuplicate: 'ignore' })).toBe(1)
      expect(await jobs().insertMany(taken.toReversed(), { onDuplicate: 'ignore' })).toBe(0)
      expect(await jobs().insertMany([], { onDuplicate: 'fail' })).toBe(0)
      expect(ids(await jobs().find()).join('')).toBe('abcd')
    })

    test('restore keeps the revisions it is given and leaves what is there', async () => {
      await jobs().insert(job('b'))
      const moved = [
        { ...job('a', { owner: 'o', slot: '1' }), rev: 7 },
        { ...job('b', { state: 'done' }), rev: 3 },
      ]
      expect(await jobs().restore(moved)).toBe(1)
      expect(await jobs().find()).toEqual([moved[0], { ...job('b'), rev: 1 }] as never)
      expect((await jobs().replace(job('a'), 7)).rev).toBe(8)
      const clash = [
        { ...job('c'), rev: 2 },
        { ...job('d', { owner: 'p', slot: '1' }), rev: 2 },
        { ...job('e', { owner: 'p', slot: '1' }), rev: 2 },
      ]
      expect(await faultOf(jobs().restore(clash))).toBe('conflict/duplicate')
      expect(ids(await jobs().find()).join('')).toBe('ab')
    })

    test('a field that is required cannot be absent or null', async () => {
      const Steps: Declaration<{ readonly id: string; readonly run?: string; readonly at?: number | null }> =
        {
          name: 'steps',
          fields: { run: 'text', at: 'integer' },
          required: ['run', 'at'],
          unique: [['run', 'at']],
        }
      const steps = store.collection(Steps)
      await steps.insert({ id: 'a', run: 'r', at: 1 })
      expect(await faultOf(steps.insert({ id: 'b', run: 'r', at: 1 }))).toBe('conflict/duplicate')
      expect(await faultOf(steps.insert({ id: 'b', run: 'r' }))).toBe('invalid/bad-value')
      expect(await faultOf(steps.replace({ id: 'a', run: 'r', at: null }, 1))).toBe('invalid/bad-value')
      expect(await steps.find({ where: { run: 'r' }, sort: [['at', 'asc']] })).toEqual([
        { id: 'a', run: 'r', at: 1, rev: 1 },
      ])
    })

    test('what a whole unique key names is found without a sort', async () => {
      await jobs().insert(job('a', { owner: 'p', slot: '1' }))
      const query = { where: { owner: 'p', slot: '1' }, limit: 1 } as const
      expect(ids(await jobs().find(query))).toEqual(['a'])
      const Days: Declaration<{ readonly id: string; readonly day: number }> = {
        name: 'days',
        fields: { day: 'integer' },
        required: ['day'],
        unique: [['day']],
      }
      const days = store.collection(Days)
      await days.insertMany(
        [1, 2].map((day) => ({ id: `d${day}`, day })),
        { onDuplicate: 'fail' },
      )
      expect(ids(await days.find({ where: { day: 2 }, limit: 1 }))).toEqual(['d2'])
    })

    test('a document that one driver could not give back as it was is refused by every driver', async () => {
      const loose = store.collection<{ readonly id: string; readonly [name: string]: unknown }>({
        name: 'loose',
        fields: {},
      })
      const kept = { id: 'a', text: 'é\u0000𝒳', deep: { 'a.b': 1, $c: [null, 1e300, 0.1], '': '\\ud800' } }
      expect(await loose.insert({ ...kept, gone: undefined })).toMatchObject(kept)
      expect(await loose.get('a')).toEqual({ ...kept, rev: 1 })
      for (const strange of [
        { 'a.b': 1 },
        { $a: 1 },
        { '': 1 },
        { _id: 1 },
        { deep: [{ 'a\u0000b': 1 }] },
        { text: 'a\ud800' },
        { deep: { '\udfff': 1 } },
      ])
        expect(await faultOf(loose.insert({ id: 'b', ...strange }))).toBe('invalid/bad-value')
      expect(await faultOf(loose.insert({ id: 'b', text: 'x'.repeat(DOCUMENT_BYTES) }))).toBe(
        'too-large/document-too-large',
      )
      expect(await loose.count()).toBe(1)
    })

    test('claim hands each document to one taker, in order', async () => {
      await jobs().insertMany([job('a', { at: 3 }), job('b', { at: 1 }), job('c', { at: 2 })], {
        onDuplicate: 'fail',
      })
      const take = () =>
        jobs().claim({
          where: { state: 'queued' },
          sort: [['at', 'asc']],
          set: { state: 'taken', owner: 'o' },
        })
      const taken = await Promise.all([take(), take(), take(), take()])
      expect(taken.map((doc) => doc?.id)).toEqual(['b', 'c', 'a', undefined])
      expect(taken[0]).toEqual({ id: 'b', state: 'taken', at: 1, owner: 'o', rev: 2 })
      expect(await jobs().get('b')).toEqual(taken[0])
    })

    test('what was not declared is refused, not ignored', async () => {
      const loose = jobs() as unknown as {
        find(query: unknown): Promise<unknown>
        insert(doc: unknown): Promise<unknown>
        claim(take: unknown): Promise<unknown>
      }
      const refused: readonly (readonly [Promise<unknown>, string])[] = [
        [loose.find({ where: { detail: 'x' } }), 'undeclared-field'],
        [loose.find({ where: { 'state" = 1 --': 'x' } }), 'undeclared-field'],
        [loose.find({ where: { toString: 'x' } }), 'undeclared-field'],
        [loose.find({ sort: [['detail', 'asc']] }), 'undeclared-field'],
        [loose.find({ sort: [['at', 'asc; DROP']] }), 'bad-query'],
        [loose.find({ where: { at: '5' } }), 'bad-value'],
        [loose.find({ where: { at: undefined } }), 'bad-value'],
        [loose.find({ where: { at: {} } }), 'bad-query'],
        [loose.find({ where: { at: { $gt: 1 } } }), 'bad-query'],
        [loose.find({ where: { urgent: { gt: false } } }), 'bad-query'],
        [loose.find({ limit: -1 }), 'bad-query'],
        [loose.find({ limit: 1.5 }), 'bad-query'],
        [loose.insert({ id: 'a', state: 'queued', at: 1.5 }), 'bad-value'],
        [loose.insert({ id: 'a', state: 'queued', weight: Number.NaN }), 'bad-value'],
        [loose.insert({ id: 'a', state: '\ud800' }), 'bad-value'],
        [loose.insert({ id: '', state: 'queued' }), 'bad-value'],
        [loose.insert({ id: 7, state: 'queued' }), 'bad-value'],
        [loose.claim({ where: {}, set: { id: 'z' } }), 'bad-query'],
        [loose.claim({ where: {}, set: { at: undefined } }), 'bad-query'],
      ]
      for (const [attempt, code] of refused) expect(await faultOf(attempt)).toBe(`invalid/${code}`)
      expect(await jobs().count()).toBe(0)
    })

    test('names that are not identifiers and indexes on undeclared fields are refused', async () => {
      const declare = (declaration: unknown) => () => store.collection(declaration as Declaration<Job>)
      for (const declaration of [
        { name: 'a"b', fields: {} },
        { name: '', fields: {} },
        { name: 'a', fields: { 'x y': 'text' } },
        { name: 'a', fields: { __proto_: 'blob' } },
        { name: 'a', fields: { rev: 'integer' } },
        { name: 'a', fields: { at: 'integer', AT: 'integer' } },
        { name: 'a', fields: { at: 'integer' }, unique: [['state']] },
        { name: 'a', fields: { at: 'integer' }, indexes: [[]] },
      ])
        expect(declare(declaration)).toThrow(
          expect.objectContaining({ kind: 'invalid', code: 'bad-declaration' }),
        )
    })

    test('a transaction keeps all of its writes, in every collection, and answers its result', async () => {
      const Other: Declaration<{ readonly id: string }> = { name: 'other', fields: {} }
      const answer = await store.transaction(async (tx) => {
        await tx.collection(Jobs).insert(job('a'))
        await tx.collection(Other).insert({ id: 'x' })
        return (await tx.collection(Jobs).find()).length
      })
      expect(answer).toBe(1)
      expect(await jobs().count()).toBe(1)
      expect(await store.collection(Other).count()).toBe(1)
    })

    test('a transaction that throws leaves nothing, whatever it touched first', async () => {
      await jobs().insert(job('a'))
      const failed = store.transaction(async (tx) => {
        await tx.collection(Jobs).replace(job('a', { state: 'done' }), 1)
        await tx.collection(Jobs).insert(job('b'))
        await tx.collection({ name: 'fresh', fields: {} }).insert({ id: 'x' })
        throw new Error('changed my mind')
      })
      expect(String(await faultOf(failed))).toContain('changed my mind')
      expect(await jobs().find()).toEqual([{ ...job('a'), rev: 1 }])
      expect(await store.collection({ name: 'fresh', fields: {} }).count()).toBe(0)
    })

    test('a failed write spoils its transaction even when the failure was swallowed', async () => {
      await jobs().insert(job('a'))
      const spoilt = store.transaction(async (tx) => {
        await tx.collection(Jobs).insert(job('b'))
        await tx
          .collection(Jobs)
          .insert(job('a'))
          .catch(() => undefined)
      })
      expect(await faultOf(spoilt)).toBe('conflict/duplicate')
      expect(await jobs().count()).toBe(1)
    })

    test('a write from outside does not slip into a running transaction, and is kept when that fails', async () => {
      const started = Promise.withResolvers<void>()
      const finish = Promise.withResolvers<void>()
      const failed = faultOf(
        store.transaction(async (tx) => {
          await tx.collection(Jobs).insert(job('inside'))
          started.resolve()
          await finish.promise
          throw new Error('rolled back')
        }),
      )
      await started.promise
      const outside = jobs().insert(job('outside'))
      const seen = jobs().get('inside')
      finish.resolve()
      await failed
      expect(await outside).toMatchObject({ id: 'outside' })
      expect(await seen).toBeUndefined()
      expect(ids(await jobs().find())).toEqual(['outside'])
    })

    test('transactions that ask at the same time do not lose each other’s updates', async () => {
      await jobs().insert(job('a', { at: 0 }))
      const add = () =>
        store.transaction(async (tx) => {
          const kept = await tx.collection(Jobs).get('a')
          await Bun.sleep(0)
          await tx.collection(Jobs).replace(job('a', { at: (kept?.at ?? 0) + 1 }), kept?.rev ?? 0)
        })
      await Promise.all(Array.from({ length: 20 }, add))
      expect(await jobs().get('a')).toMatchObject({ at: 20, rev: 21 })
    })

    test('inside a transaction the outer store is refused instead of waiting for ever', async () => {
      const mistaken = store.transaction(async () => {
        await jobs().get('a')
      })
      expect(await faultOf(mistaken)).toBe('invalid/outside-transaction')
      const nested = store.transaction((tx) => tx.transaction(async () => undefined))
      expect(await faultOf(nested)).toBe('invalid/nested-transaction')
    })

    test('a transaction that has ended takes no more work', async () => {
      const { late } = await store.transaction(async (tx) => ({ late: tx.collection(Jobs) }))
      expect(await faultOf(late.insert(job('a')))).toBe('invalid/transaction-over')
      expect(await jobs().count()).toBe(0)
    })

    test('a closed store says so, and closing twice is harmless', async () => {
      await store.ping()
      const late = jobs()
      await store.close()
      await store.close()
      expect(await faultOf(late.get('a'))).toBe('unavailable/store-closed')
      expect(await faultOf(store.ping())).toBe('unavailable/store-closed')
    })

    test('it answers like a plain map, whatever is asked of it in whatever order', () =>
      checkAgainstModel(open))
  })
}
