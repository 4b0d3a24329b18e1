import { expect } from 'bun:test'
import fc from 'fast-check'
import { isFault } from '../process/fault.ts'
import type { Collection, Declaration, Store, Stored, Where } from '../store/store.ts'

type Card = { readonly id: string; readonly colour?: string; readonly size?: number; readonly key?: string }

const Cards: Declaration<Card> = {
  name: 'cards',
  fields: { colour: 'text', size: 'integer', key: 'text' },
  unique: [['key']],
  indexes: [['colour', 'size']],
}

/** The order of store.ts: absent first, text by its UTF-8 bytes. */
const compare = (a: string | number | undefined, b: string | number | undefined): number => {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined)
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)))
}

/** A second, naive implementation: a map and array methods. It is the measure, so it must be obvious. */
class Model {
  cards = new Map<string, Stored<Card>>()
  #clashes = (card: Card) =>
    [...this.cards.values()].some(({ id, key }) => id !== card.id && key !== undefined && key === card.key)
  insert = (card: Card): unknown => {
    if (this.cards.has(card.id) || this.#clashes(card)) return 'duplicate'
    this.cards.set(card.id, { ...card, rev: 1 })
    return { ...card, rev: 1 }
  }
  insertMany = (cards: readonly Card[], onDuplicate: 'fail' | 'ignore'): unknown => {
    const before = new Map(this.cards)
    const made = cards.filter((card) => this.insert(card) !== 'duplicate').length
    if (onDuplicate === 'ignore' || made === cards.length) return made
    this.cards = before
    return 'duplicate'
  }
  replace = (card: Card, rev: number): unknown => {
    const kept = this.cards.get(card.id)
    if (!kept) return 'missing'
    if (kept.rev !== rev) return 'stale'
    if (this.#clashes(card)) return 'duplicate'
    this.cards.set(card.id, { ...card, rev: rev + 1 })
    return { ...card, rev: rev + 1 }
  }
  remove = (id: string, rev: number | undefined): unknown => {
    const kept = this.cards.get(id)
    if (kept && rev !== undefined && kept.rev !== rev) return 'stale'
    return this.cards.delete(id)
  }
  find = (colour: string | undefined, atLeast: number | undefined, by: 'colour' | 'size', down: boolean) =>
    [...this.cards.values()]
      .filter((card) => colour === undefined || card.colour === colour)
      .filter((card) => atLeast === undefined || (card.size !== undefined && card.size >= atLeast))
      .sort((a, b) => (down ? -1 : 1) * (compare(a[by], b[by]) || compare(a.id, b.id)))
  claim = (colour: string, set: Partial<Card>): unknown => {
    const [first] = this.find(colour, undefined, 'size', false)
    return first && this.replace({ ...first, ...set }, first.rev)
  }
}

const word = fc.constantFrom('a', 'b', 'B', 'é', '￿', '😀')
const id = fc.constantFrom('1', '2', '3', '4')
const rev = fc.integer({ min: 1, max: 3 })
const size = fc.integer({ min: -2, max: 2 })
const card: fc.Arbitrary<Card> = fc
  .record({ id, colour: word, size, key: word }, { requiredKeys: ['id'] })
  .map((made): Card => made)
const step = fc.oneof(
  fc.record({ op: fc.constant('insert' as const), card }),
  fc.record({
    op: fc.constant('insertMany' as const),
    cards: fc.array(card, { maxLength: 4 }),
    onDuplicate: fc.constantFrom('fail' as const, 'ignore' as const),
  }),
  fc.record({ op: fc.constant('replace' as const), card, rev }),
  fc.record({ op: fc.constant('remove' as const), id, rev: fc.option(rev, { nil: undefined }) }),
  fc.record({ op: fc.constant('claim' as const), colour: word, to: word, key: fc.option(word, { nil: undefined }) }),
  fc.record({
    op: fc.constant('find' as const),
    colour: fc.option(word, { nil: undefined }),
    atLeast: fc.option(size, { nil: undefined }),
    by: fc.constantFrom('colour' as const, 'size' as const),
    down: fc.boolean(),
  }),
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** One step on the store and on the model: [what the store did, what it should have done]. */
const both = async (cards: Collection<Card>, model: Model, step: Step): Promise<[unknown, unknown]> => {
  const outcome = (promise: Promise<unknown>) =>
    promise.catch((error) => {
      if (isFault(error)) return error.code
      throw error
    })
  switch (step.op) {
    case 'insert':
      return [await outcome(cards.insert(step.card)), model.insert(step.card)]
    case 'insertMany': {
      const { onDuplicate } = step
      return [await outcome(cards.insertMany(step.cards, { onDuplicate })), model.insertMany(step.cards, onDuplicate)]
    }
    case 'replace':
      return [await outcome(cards.replace(step.card, step.rev)), model.replace(step.card, step.rev)]
    case 'remove':
      return [await outcome(cards.remove(step.id, step.rev)), model.remove(step.id, step.rev)]
    case 'claim': {
      const set = { colour: step.to, ...(step.key !== undefined && { key: step.key }) }
      const taken = cards.claim({ where: { colour: step.colour }, sort: [['size', 'asc']], set })
      return [await outcome(taken), model.claim(step.colour, set)]
    }
    case 'find': {
      const { colour, atLeast, by, down } = step
      const where: Where<Card> = {
        ...(colour !== undefined && { colour }),
        ...(atLeast !== undefined && { size: { gte: atLeast } }),
      }
      const found = await cards.find({ where, sort: [[by, down ? 'desc' : 'asc']] })
      expect(await cards.count(where)).toBe(found.length)
      return [found, model.find(colour, atLeast, by, down)]
    }
  }
}

/**
 * Random steps, some of them in transactions that are kept or thrown away, against the model; every answer
 * and the final content must be the same.
 */
export const checkAgainstModel = (open: () => Promise<Store>): Promise<void> => {
  const batch = fc.record({
    mode: fc.constantFrom('single' as const, 'kept' as const, 'thrown' as const),
    steps: fc.array(step, { minLength: 1, maxLength: 6 }),
  })
  return fc.assert(
    fc.asyncProperty(fc.array(batch, { maxLength: 8 }), async (batches) => {
      const store = await open()
      try {
        const model = new Model()
        for (const { mode, steps } of batches) {
          const before = new Map(model.cards)
          const run = async (cards: Collection<Card>) => {
            for (const each of steps) {
              const [got, expected] = await both(cards, model, each)
              expect(got).toEqual(expected)
              // In a transaction the first failed write spoils the rest, so the batch ends there.
              if (mode !== 'single' && typeof got === 'string') throw 'spoilt'
            }
            if (mode === 'thrown') throw 'thrown'
          }
          if (mode === 'single') await run(store.collection(Cards))
          else
            await store
              .transaction((tx) => run(tx.collection(Cards)))
              .catch((reason: unknown) => {
                // Drivers may answer with the first failed write in place of what `work` threw.
                if (reason !== 'thrown' && reason !== 'spoilt' && !isFault(reason)) throw reason
                model.cards = before
              })
        }
        const kept = await store.collection(Cards).find()
        expect(kept).toEqual([...model.cards.values()].sort((a, b) => compare(a.id, b.id)))
      } finally {
        await store.close()
      }
    }),
    { numRuns: 200 },
  )
}
