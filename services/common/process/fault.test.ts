import { expect, test } from 'bun:test'
import { Fault, isFault } from './fault.ts'

test('a fault keeps its kind, code, words, extra members, retry and cause', () => {
  const cause = new Error('below')
  const fault = new Fault('conflict', 'stale', 'read it again', { extra: { rev: 3 }, retryAfter: 500, cause })
  const { kind, code, message, extra, retryAfter, name } = fault
  expect({ kind, code, message, extra, retryAfter, name, cause: fault.cause }).toEqual({
    kind: 'conflict',
    code: 'stale',
    message: 'read it again',
    extra: { rev: 3 },
    retryAfter: 500,
    name: 'Fault',
    cause,
  })
})

test('a fault without options has no extra members, no retry and no cause', () => {
  const fault = new Fault('missing', 'gone', 'it is gone')
  expect([fault.extra, fault.retryAfter, 'cause' in fault]).toEqual([{}, undefined, false])
})

test('isFault knows a fault, one of a code, and nothing else', () => {
  const fault = new Fault('missing', 'gone', 'it is gone')
  expect([isFault(fault), isFault(fault, 'gone'), isFault(fault, 'stale')]).toEqual([true, true, false])
  expect([new Error('gone'), { code: 'gone' }, undefined].map((one) => isFault(one))).toEqual([false, false, false])
})
