import { expect, test } from 'bun:test'
import { outcomeOf, type SendOutcome } from './answer.ts'

const cases: readonly [string, SendOutcome][] = [
  ['already known', 'taken'],
  ['nonce too low: next nonce 5, tx nonce 3', 'spent'],
  ['replacement transaction underpriced', 'spent'],
  ['nonce too high', 'gap'],
  ['invalid chain id for signer: have 1 want 2', 'foreign-chain'],
  ['insufficient funds for gas * price + value', 'refused'],
  ['txpool is full', 'refused'],
  ['', 'refused'],
]
test.each(cases)('%p means %p', (message, outcome) => {
  expect(outcomeOf(message)).toBe(outcome)
})
