import { expect, test } from 'bun:test'
import { databaseDeck, LONGEST_AWAY } from './database-deck.ts'
import { phases } from './deck.ts'
import { seeded } from './random.ts'

test('a seed gives the same kills of the database every time, and another seed others', () => {
  expect(databaseDeck(30, seeded(7))).toEqual(databaseDeck(30, seeded(7)))
  expect(databaseDeck(30, seeded(7))).not.toEqual(databaseDeck(30, seeded(8)))
})

test('the database is killed in every phase alike, and stays away for anything between no time and eight seconds', () => {
  const cards = databaseDeck(400, seeded(1))
  for (const phase of phases) expect(cards.filter((card) => card.phase === phase)).toHaveLength(100)
  const away = cards.map((card) => card.away)
  expect(Math.min(...away)).toBeLessThan(500)
  expect(Math.max(...away)).toBeGreaterThan(LONGEST_AWAY - 500)
  expect(away.filter((ms) => ms < 0 || ms > LONGEST_AWAY)).toEqual([])
})
