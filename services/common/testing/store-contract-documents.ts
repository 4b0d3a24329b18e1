import { describe, expect, test } from 'bun:test'
import { DOCUMENT_BYTES } from '../store/document.ts'
import type { Declaration } from '../store/store.ts'
import { faultOf, ids, job, type Subject } from './store-contract-jobs.ts'

export const documentSuite = ({ jobs }: Subject): void =>
  describe('one document', () => {
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
  })

export const batchSuite = ({ jobs }: Subject): void =>
  describe('many documents', () => {
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
  })

export const contentSuite = ({ store }: Subject): void =>
  describe('what a document may hold', () => {
    test('a field that is required cannot be absent or null', async () => {
      const Steps: Declaration<{ readonly id: string; readonly run?: string; readonly at?: number | null }> = {
        name: 'steps',
        fields: { run: 'text', at: 'integer' },
        required: ['run', 'at'],
        unique: [['run', 'at']],
      }
      const steps = store().collection(Steps)
      await steps.insert({ id: 'a', run: 'r', at: 1 })
      expect(await faultOf(steps.insert({ id: 'b', run: 'r', at: 1 }))).toBe('conflict/duplicate')
      expect(await faultOf(steps.insert({ id: 'b', run: 'r' }))).toBe('invalid/bad-value')
      expect(await faultOf(steps.replace({ id: 'a', run: 'r', at: null }, 1))).toBe('invalid/bad-value')
      expect(await steps.find({ where: { run: 'r' }, sort: [['at', 'asc']] })).toEqual([
        { id: 'a', run: 'r', at: 1, rev: 1 },
      ])
    })

    test('a document that one driver could not give back as it was is refused by every driver', async () => {
      const loose = store().collection<{ readonly id: string; readonly [name: string]: unknown }>({
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
  })
