import { describe, expect, test } from 'bun:test'
import type { Role } from '#common/people/permissions'
import { Fault } from '#common/process/fault'
import { type Budgets, callerCheck, requestBudget } from './caller-check.ts'
import { limits } from './settings.ts'

const good = async () => ({ caller: 'operator' })
const fails = (kind: 'unauthenticated' | 'forbidden' | 'unavailable') => async () => {
  throw new Fault(kind, 'bad-service-token', 'no')
}
const signedIn = (address: string, roles: readonly Role[]) => async () => ({
  caller: 'person',
  actor: address,
  person: { address, roles: [...roles], session: crypto.randomUUID(), at: 0 },
})
const times = async (count: number, work: () => Promise<boolean>) => {
  let passed = 0
  for (let n = 0; n < count; n++) if (await work()) passed++
  return passed
}
const budgets = (now: () => number, sizes: Readonly<Record<keyof Budgets, number>>): Budgets => ({
  invalid: requestBudget(sizes.invalid, now),
  authenticated: requestBudget(sizes.authenticated, now),
  admin: requestBudget(sizes.admin, now),
})
const small = { invalid: 10, authenticated: 20, admin: 40 }

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

test.each(Object.entries(limits))(
  'the limit of the %s is %d a minute within 1 %% over an hour of a clock, asked too often at any rhythm',
  (_, perMinute) => {
    for (const step of [3.7, 5.9, 6]) {
      let now = 0
      const take = requestBudget(perMinute, () => now)
      let passed = 0
      while (take('a')) passed++
      expect(passed).toBe(perMinute)
      passed = 0
      for (; now < 3_600_000; now += step) if (take('a')) passed++
      expect(Math.abs(passed / 60 / perMinute - 1)).toBeLessThan(0.01)
    }
  },
)

test('keys are counted apart, and a flood of keys costs bounded memory', () => {
  const take = requestBudget(1, () => 0)
  expect([take('a'), take('a'), take('b')]).toEqual([true, false, true])
  for (let n = 0; n < 20_000; n++) take(`key ${n}`)
  expect([take('key 19999'), take('key 0')]).toEqual([false, true])
})

describe('the check before a service', () => {
  test('who brings no valid token takes nothing from a caller at the same address', async () => {
    const check = callerCheck(budgets(() => 0, small))
    expect(await times(500, () => check('here', fails('unauthenticated')))).toBe(10)
    expect(await times(500, () => check('here', good))).toBe(20)
    expect(await times(500, () => check('there', good))).toBe(20)
  })

  test('a person is counted by address, wherever and with how many sign-ins he calls', async () => {
    const check = callerCheck(budgets(() => 0, small))
    expect(await times(15, () => check('here', signedIn('T1', ['user'])))).toBe(15)
    expect(await times(15, () => check('there', signedIn('T1', ['user'])))).toBe(5)
    expect(await times(30, () => check('here', signedIn('T2', ['observer'])))).toBe(20)
  })

  test('who may administer has the tier of admins, whichever role says so; nobody else has', async () => {
    const check = callerCheck(budgets(() => 0, small))
    expect(await times(90, () => check('here', signedIn('T3', ['user', 'admin'])))).toBe(40)
    expect(await times(90, () => check('here', signedIn('T4', ['server'])))).toBe(40)
    expect(await times(90, () => check('here', signedIn('T5', ['dev', 'node_worker'])))).toBe(20)
    expect(await times(90, () => check('here', signedIn('T6', [])))).toBe(20)
  })

  test.each(['forbidden', 'unavailable'] as const)(
    'a token of which nothing is said (%s) goes on to the service as one without',
    async (kind) => {
      const check = callerCheck(budgets(() => 0, small))
      expect(await times(90, () => check('here', fails(kind)))).toBe(10)
    },
  )

  test('what is no refusal of a token is thrown on', async () => {
    const check = callerCheck(budgets(() => 0, small))
    const broken = check('here', async () => {
      throw new TypeError('broken')
    })
    await expect(broken).rejects.toBeInstanceOf(TypeError)
  })
})
