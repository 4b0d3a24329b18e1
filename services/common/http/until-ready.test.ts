import { expect, test } from 'bun:test'
import { Fault } from '../process/fault.ts'
import { untilReady } from './until-ready.ts'

const away = new Fault('unavailable', 'store-away', 'it is away', { retryAfter: 1 })

/** Fails with each of `failures` in turn, then is ready. */
const run = async (...failures: readonly unknown[]) => {
  const left = [...failures]
  const reported: string[] = []
  const result = await untilReady({
    ready: async () => {
      if (left.length > 0) throw left.shift()
    },
    wait: async ({ code }) => void reported.push(code),
    pause: async () => {},
  }).then(
    () => 'ready',
    (error) => error,
  )
  return { result, reported }
}

test('what is ready at once never waits', async () => {
  expect(await run()).toEqual({ result: 'ready', reported: [] })
})

test('what is away is waited for, and each reason is reported', async () => {
  const login = new Fault('unavailable', 'store-login', 'wrong', {})
  expect(await run(away, away, login)).toEqual({
    result: 'ready',
    reported: ['store-away', 'store-away', 'store-login'],
  })
})

test('what no waiting mends ends it', async () => {
  const newer = new Fault('invalid', 'schema-newer', 'too new')
  expect(await run(away, newer, away)).toEqual({ result: newer, reported: ['store-away'] })
})
