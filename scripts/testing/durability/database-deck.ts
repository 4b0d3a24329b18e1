import { LONGEST, type Phase, phases } from './deck.ts'
import type { Random } from './random.ts'

/** One kill of the database: `delay` ms after `phase` begins somewhere, and it stays away for `away` ms. */
export type DatabaseCard = { readonly phase: Phase; readonly delay: number; readonly away: number }

/** Longest time the database stays away, ms. */
export const LONGEST_AWAY = 8_000

/** The kills of a run in their order: every phase alike, as far as the rounds suffice. */
export const databaseDeck = (rounds: number, random: Random): readonly DatabaseCard[] =>
  random.shuffled(
    Array.from({ length: rounds }, (_, i): DatabaseCard => {
      const phase = phases[i % phases.length] ?? 'streaming'
      return { phase, delay: random.below(LONGEST[phase]), away: random.below(LONGEST_AWAY + 1) }
    }),
  )
