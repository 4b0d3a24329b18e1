import { expect, test } from 'bun:test'
import { commandErrorOf, errorReply, isLoss, isPassing, unpackState } from './errors.ts'

const thrown = (code: string, message = 'said') => Object.assign(new Error(message), { code })
const seen = (error: unknown, inTransaction = false) => {
  const unmapped: string[] = []
  const reply = errorReply(
    commandErrorOf(error, { inTransaction, unmapped: (state) => unmapped.push(state) }),
  )
  return { reply, unmapped }
}

test('a state of the engine becomes the code and name of MongoDB', () => {
  expect(seen(thrown('M00CO', 'Document failed validation'))).toEqual({
    reply: { ok: 0, errmsg: 'Document failed validation', code: 121, codeName: 'DocumentValidationFailure' },
    unmapped: [],
  })
  expect(seen(thrown('53100')).reply).toMatchObject({ code: 14031, codeName: 'OutOfDiskSpace' })
})

test('a state that nobody has seen yet is told, and is an unknown error', () => {
  expect(seen(thrown('M9999'))).toMatchObject({
    reply: { code: 8, codeName: 'UnknownError' },
    unmapped: ['M9999'],
  })
})

test('a write conflict can be begun again in a transaction, and says so there only', () => {
  for (const state of ['40001', '40P01', '55P03']) {
    expect(seen(thrown(state), true).reply).toMatchObject({
      code: 112,
      errorLabels: ['TransientTransactionError'],
    })
    expect(seen(thrown(state), false).reply).not.toHaveProperty('errorLabels')
  }
  expect(seen(thrown('23505'), true).reply).not.toHaveProperty('errorLabels')
})

test('two that make one collection at once have met, whatever the engine calls it', () => {
  const race = thrown('M0000', 'Unable to create the specified collection')
  expect(seen(race, true)).toMatchObject({ reply: { code: 112 }, unmapped: [] })
  expect([isPassing(race), isPassing(thrown('40P01')), isPassing(thrown('23505'))]).toEqual([
    true,
    true,
    false,
  ])
})

test('a lost engine is no answer', () => {
  const lost = [
    thrown('57P01'),
    thrown('57P03'),
    thrown('08006'),
    new Error('Connection terminated unexpectedly'),
  ]
  expect(lost.map(isLoss)).toEqual([true, true, true, true])
  expect([isLoss(thrown('57014')), isLoss(thrown('M0001'))]).toEqual([false, false])
})

test('the extension packs a state into thirty bits', () => {
  const pack = (state: string) =>
    [...state].reduce((sum, letter, at) => sum | ((letter.charCodeAt(0) - 48) << (6 * at)), 0)
  for (const state of ['23505', '40P01', 'M001C', 'M00CO']) expect(unpackState(pack(state))).toBe(state)
})
