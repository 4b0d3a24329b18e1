import { expect, test } from 'bun:test'
import { parseOutcome, type SendOutcome, sortReplies } from './answer.ts'

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
  expect(parseOutcome(message)).toBe(outcome)
})

test('what was sent is sorted by its replies; one without a reply counts as refused', () => {
  const reply = (message: string) => ({ outcome: parseOutcome(message), message })
  const replies = ['already known', 'nonce too low', 'txpool is full', 'invalid chain id', 'nonce gap'].map(reply)
  expect(sortReplies(['a', 'b', 'c', 'd', 'e'], replies)).toEqual({
    taken: ['a'],
    dead: ['b', 'd'],
    refusal: 'nonce gap',
  })
  expect(sortReplies(['a'], [])).toEqual({ taken: [], dead: [], refusal: 'no answer' })
  expect(sortReplies([], [])).toEqual({ taken: [], dead: [], refusal: undefined })
})
