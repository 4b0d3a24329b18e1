import { describe, expect, test } from 'bun:test'
import type { Declaration } from '../store/store.ts'
import { faultOf, ids, Jobs, job, type Subject } from './store-contract-jobs.ts'

export const atomicSuite = ({ jobs, store }: Subject): void =>
  describe('a transaction is all or nothing', () => {
    test('a transaction keeps all of its writes, in every collection, and answers its result', async () => {
      const Other: Declaration<{ readonly id: string }> = { name: 'other', fields: {} }
      const answer = await store().transaction(async (tx) => {
        await tx.collection(Jobs).insert(job('a'))
        await tx.collection(Other).insert({ id: 'x' })
        return (await tx.collection(Jobs).find()).length
      })
      expect(answer).toBe(1)
      expect(await jobs().count()).toBe(1)
      expect(await store().collection(Other).count()).toBe(1)
    })

    test('a transaction that throws leaves nothing, whatever it touched first', async () => {
      await jobs().insert(job('a'))
      const failed = store().transaction(async (tx) => {
        await tx.collection(Jobs).replace(job('a', { state: 'done' }), 1)
        await tx.collection(Jobs).insert(job('b'))
        await tx.collection({ name: 'fresh', fields: {} }).insert({ id: 'x' })
        throw new Error('changed my mind')
      })
      expect(String(await faultOf(failed))).toContain('changed my mind')
      expect(await jobs().find()).toEqual([{ ...job('a'), rev: 1 }])
      expect(await store().collection({ name: 'fresh', fields: {} }).count()).toBe(0)
    })

    test('a failed write spoils its transaction even when the failure was swallowed', async () => {
      await jobs().insert(job('a'))
      const spoilt = store().transaction(async (tx) => {
        await tx.collection(Jobs).insert(job('b'))
        await tx
          .collection(Jobs)
          .insert(job('a'))
          .catch(() => undefined)
      })
      expect(await faultOf(spoilt)).toBe('conflict/duplicate')
      expect(await jobs().count()).toBe(1)
    })
  })

export const isolationSuite = ({ jobs, store }: Subject): void =>
  describe('a transaction is alone', () => {
    test('a write from outside does not slip into a running transaction, and is kept when that fails', async () => {
      const started = Promise.withResolvers<void>()
      const finish = Promise.withResolvers<void>()
      const failed = faultOf(
        store().transaction(async (tx) => {
          await tx.collection(Jobs).insert(job('inside'))
          started.resolve()
          await finish.promise
          throw new Error('rolled back')
        }),
      )
      await started.promise
      const outside = jobs().insert(job('outside'))
      const inside = jobs().get('inside')
      finish.resolve()
      await failed
      expect(await outside).toMatchObject({ id: 'outside' })
      expect(await inside).toBeUndefined()
      expect(ids(await jobs().find())).toEqual(['outside'])
    })

    test('transactions that ask at the same time do not lose each other’s updates', async () => {
      await jobs().insert(job('a', { at: 0 }))
      const add = () =>
        store().transaction(async (tx) => {
          const kept = await tx.collection(Jobs).get('a')
          await Bun.sleep(0)
          await tx.collection(Jobs).replace(job('a', { at: (kept?.at ?? 0) + 1 }), kept?.rev ?? 0)
        })
      await Promise.all(Array.from({ length: 20 }, add))
      expect(await jobs().get('a')).toMatchObject({ at: 20, rev: 21 })
    })
  })

export const endSuite = ({ jobs, store }: Subject): void =>
  describe('what has ended takes no more work', () => {
    test('inside a transaction the outer store is refused instead of waiting for ever', async () => {
      const mistaken = store().transaction(async () => {
        await jobs().get('a')
      })
      expect(await faultOf(mistaken)).toBe('invalid/outside-transaction')
      const nested = store().transaction((tx) => tx.transaction(async () => undefined))
      expect(await faultOf(nested)).toBe('invalid/nested-transaction')
    })

    test('a transaction that has ended takes no more work', async () => {
      const { late } = await store().transaction(async (tx) => ({ late: tx.collection(Jobs) }))
      expect(await faultOf(late.insert(job('a')))).toBe('invalid/transaction-over')
      expect(await jobs().count()).toBe(0)
    })

    test('a closed store says so, and closing twice is harmless', async () => {
      await store().ping()
      const late = jobs()
      await store().close()
      await store().close()
      expect(await faultOf(late.get('a'))).toBe('unavailable/store-closed')
      expect(await faultOf(store().ping())).toBe('unavailable/store-closed')
    })
  })
