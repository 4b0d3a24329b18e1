import { describe, expect, test } from 'bun:test'
import type { Declaration } from '../store/store.ts'
import { faultOf, ids, job, type Subject } from './store-contract-jobs.ts'

export const querySuite = ({ jobs }: Subject): void =>
  describe('a search', () => {
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
  })

export const uniqueKeySuite = ({ jobs, store }: Subject): void =>
  describe('a search by a whole key, and a claim', () => {
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
      const days = store().collection(Days)
      await days.insertMany(
        [1, 2].map((day) => ({ id: `d${day}`, day })),
        { onDuplicate: 'fail' },
      )
      expect(ids(await days.find({ where: { day: 2 }, limit: 1 }))).toEqual(['d2'])
    })

    test('claim hands each document to one taker, in order', async () => {
      await jobs().insertMany([job('a', { at: 3 }), job('b', { at: 1 }), job('c', { at: 2 })], { onDuplicate: 'fail' })
      const take = () =>
        jobs().claim({ where: { state: 'queued' }, sort: [['at', 'asc']], set: { state: 'taken', owner: 'o' } })
      const taken = await Promise.all([take(), take(), take(), take()])
      expect(taken.map((doc) => doc?.id)).toEqual(['b', 'c', 'a', undefined])
      expect(taken[0]).toEqual({ id: 'b', state: 'taken', at: 1, owner: 'o', rev: 2 })
      expect(await jobs().get('b')).toEqual(taken[0])
    })
  })

export const refusalSuite = ({ jobs }: Subject): void =>
  describe('a search that is refused', () => {
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
  })
