import { expect, test } from 'bun:test'
import { Fault } from '#common/process/fault'
import { faultOf } from '#common/testing/faults'
import { CliError } from '../cli/fail.ts'
import { orUnreachable } from './unreachable.ts'

test('a service that is being started again is waited for like one that does not answer', async () => {
  const restarting = orUnreachable(() => {
    throw new CliError('session-recorder is restarting')
  })
  expect(await faultOf(() => restarting)).toMatchObject({
    kind: 'unavailable',
    code: 'unreachable',
    message: 'session-recorder is restarting',
  })
})

test('what a service answers stays what it is', async () => {
  const refusal = new Fault('conflict', 'offset-differs', 'it stands elsewhere')
  expect(await orUnreachable(async () => 7)).toBe(7)
  expect(await orUnreachable(() => Promise.reject(refusal)).catch((error) => error)).toBe(refusal)
})
