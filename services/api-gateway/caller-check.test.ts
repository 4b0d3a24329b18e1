import { expect, test } from 'bun:test'
import { Fault } from '#common/process/fault'
import { callerCheck, requestBudget } from './caller-check.ts'

const good = async () => ({ caller: 'operator' })
const bad = async () => {
  throw new Fault('unauthenticated', 'bad-service-token', 'no')
}
const times = async (count: number, work: () => Promise<boolean>) => {
  const answers: boolean[] = []
  for (let n = 0; n < count; n++) answers.push(await work())
  return answers.filter(Boolean).length
}

test('a bucket gives its size at once, then what has come back since, and never more than its size', () => {
  let now = 0
  const take = requestBudget(60, () => now)
  const taken = () => Array.from({ length: 100 }, () => take('a')).filter(Boolean).length
  expect(taken()).toBe(60)
  now += 10_500
  expect(taken()).toBe(10)
  now += 500
  expect(taken()).toBe(1)
  now += 3_600_000
  expect(taken()).toBe(60)
})

test('keys are counted apart, and a flood of keys costs bounded memory', () => {
  const take = requestBudget(1, () => 0)
  expect([take('a'), take('a'), take('b')]).toEqual([true, false, true])
  for (let n = 0; n < 20_000; n++) take(`key ${n}`)
  expect([take('key 19999'), take('key 0')]).toEqual([false, true])
})

test('who brings no valid token takes nothing from a caller at the same address', async () => {
  const check = callerCheck({ valid: requestBudget(20, () => 0), invalid: requestBudget(10, () => 0) })
  expect(await times(500, () => check('here', bad))).toBe(10)
  expect(await times(500, () => check('here', good))).toBe(20)
  expect(await times(500, () => check('there', good))).toBe(20)
})

test('what is no refusal of a token is thrown on', async () => {
  const check = callerCheck({ valid: () => true, invalid: () => true })
  const broken = check('here', async () => {
    throw new TypeError('broken')
  })
  await expect(broken).rejects.toBeInstanceOf(TypeError)
})
