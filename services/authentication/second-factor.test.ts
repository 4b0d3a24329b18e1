import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { TOTP } from 'otpauth'
import { isFault } from '#common/process/fault'
import { sqliteStore } from '#common/store/sqlite'
import { faultOf } from '#common/testing/faults'
import { factorTables } from './factor-store.ts'
import { secondFactor } from './second-factor.ts'

// Nothing here is timed: only a hang fails.
setDefaultTimeout(60_000)

const store = sqliteStore({ path: ':memory:' })
afterAll(() => store.close())

const random = (size: number) => crypto.getRandomValues(new Uint8Array(size))
const START = 1_800_000_000_000
const LOCK = 15 * 60_000
let account = 0

/** A new account whose app is in force at START; `code` is what the app shows after so many ms. */
const enrolled = async () => {
  let time = START
  const address = `account-${account++}`
  const factor = secondFactor({ store, key: new Uint8Array(32).fill(7), random, now: () => time })
  const { secret } = await factor.enrol(address)
  const code = (after = time - START) =>
    TOTP.generate({ secret: new TOTP({ secret }).secret, timestamp: START + after })
  const recovery = await factor.confirm(address, code())
  const wrong = () => (code() === '000000' ? '000001' : '000000')
  const fault = async (given: string | undefined) => {
    const thrown = await faultOf(() => factor.require(address, given))
    return isFault(thrown) ? thrown.code : thrown
  }
  const wait = (ms: number) => {
    time += ms
  }
  return { address, factor, code, recovery, wrong, fault, wait }
}

test('an account without an app needs no code, and one that has begun needs none before it confirmed', async () => {
  const { factor } = await enrolled()
  await factor.require('nobody', undefined)
  await factor.enrol('begun')
  await factor.require('begun', undefined)
  expect(await factor.describe('begun')).toEqual({ totp: false, recovery_codes: 0 })
})

test('once confirmed, a sign-in without a code is asked for one, and each code is good once', async () => {
  const { address, factor, code, fault, wait } = await enrolled()
  expect(await factor.describe(address)).toEqual({ totp: true, recovery_codes: 10 })
  expect(await fault(undefined)).toBe('totp-required')
  expect(await fault(code())).toBe('totp-wrong') // it confirmed
  wait(30_000)
  expect(await fault(code())).toBe('no fault')
  expect(await fault(code())).toBe('totp-wrong')
})

test('of many at once with the same code one is let on', async () => {
  const { code, fault, wait } = await enrolled()
  wait(30_000)
  const results = await Promise.all(Array.from({ length: 4 }, () => fault(code())))
  expect(results.toSorted()).toEqual(['no fault', 'totp-wrong', 'totp-wrong', 'totp-wrong'])
})

test('five wrong codes, also at once, lock the app’s codes for 15 min; a recovery code passes all the same', async () => {
  const { code, recovery, wrong, fault, wait } = await enrolled()
  wait(30_000)
  const results = await Promise.all(Array.from({ length: 8 }, () => fault(wrong())))
  expect(results).toEqual([...Array(5).fill('totp-wrong'), ...Array(3).fill('totp-locked')])
  expect(await fault(code())).toBe('totp-locked')
  expect(await fault(recovery[0])).toBe('no fault')
  expect(await fault(code())).toBe('totp-locked')
  wait(LOCK - 1)
  expect(await fault(code())).toBe('totp-locked')
  wait(1)
  expect(await fault(code())).toBe('no fault')
})

test('a good code forgets the wrong ones before it', async () => {
  const { code, wrong, fault, wait } = await enrolled()
  for (let round = 0; round < 3; round += 1) {
    for (let turn = 0; turn < 4; turn += 1) expect(await fault(wrong())).toBe('totp-wrong')
    wait(30_000)
    expect(await fault(code())).toBe('no fault')
  }
})

test('a recovery code is good once; ten new ones replace them for a code', async () => {
  const { address, factor, code, recovery, fault, wait } = await enrolled()
  expect(await fault(recovery[3])).toBe('no fault')
  expect(await fault(recovery[3])).toBe('totp-wrong')
  wait(30_000)
  const fresh = await factor.confirm(address, code())
  expect(await fault(recovery[4])).toBe('totp-wrong')
  expect(await fault(fresh[4])).toBe('no fault')
  expect(await factor.describe(address)).toEqual({ totp: true, recovery_codes: 9 })
})

test('an app in force is neither replaced nor removed without a code of it', async () => {
  const { address, factor, code, wrong, fault, wait } = await enrolled()
  expect(await faultOf(() => factor.enrol(address))).toMatchObject({ code: 'totp-set-up' })
  expect(await faultOf(() => factor.remove(address, wrong()))).toMatchObject({ code: 'totp-wrong' })
  wait(30_000)
  await factor.remove(address, code())
  expect(await fault(undefined)).toBe('no fault')
  expect(await faultOf(() => factor.remove(address, code()))).toMatchObject({ code: 'totp-not-set-up' })
})

test('neither the secret nor a recovery code stands in the store', async () => {
  const { address, recovery } = await enrolled()
  const kept = JSON.stringify(await factorTables(store).totp.get(address))
  for (const code of recovery) expect(kept).not.toContain(code)
  expect(kept).toContain('wrapped')
})
