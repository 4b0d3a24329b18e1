import { expect, test } from 'bun:test'
import { chainSide, deck, phases, pipeline } from './deck.ts'
import { seeded } from './random.ts'

test('a seed gives the same kills every time, and another seed others', () => {
  expect(deck(50, seeded(7))).toEqual(deck(50, seeded(7)))
  expect(deck(50, seeded(7))).not.toEqual(deck(50, seeded(8)))
})

test('fifty rounds kill each pipeline service ten times and the chain side ten times in all', () => {
  const victims = deck(50, seeded(1)).map(({ service }) => service)
  const kills = (name: string) => victims.filter((one) => one === name).length
  expect(pipeline.map(kills)).toEqual([10, 10, 10, 10, 10])
  expect(chainSide.map(kills)).toEqual([2, 2, 2, 2, 2])
})

test('each pipeline service is killed in every phase', () => {
  const cards = deck(50, seeded(1))
  for (const service of pipeline)
    expect(new Set(cards.filter((card) => card.service === service).map(({ phase }) => phase))).toEqual(
      new Set(phases),
    )
})

test('however few the rounds, everything is killed once', () => {
  const victims = deck(5, seeded(1)).map(({ service }) => service)
  expect(victims.toSorted()).toEqual([...pipeline, ...chainSide].toSorted())
})
