import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { errorCode, errorMessage } from './error.ts'

const thrownBy = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (error) {
    return error
  }
}

test('the code of a system call is told, and none where there is none', () => {
  expect(errorCode(thrownBy(() => readFileSync('/nowhere/at/all')))).toBe('ENOENT')
  expect(errorCode(Object.assign(new Error('duplicate'), { code: 11000 }))).toBe('11000')
  for (const other of [new Error('plain'), 'text', { code: 'ENOENT' }, undefined, null])
    expect(errorCode(other)).toBe('')
})

test('whatever was thrown has a message', () => {
  expect(errorMessage(new TypeError('no such thing'))).toBe('no such thing')
  expect([errorMessage('text'), errorMessage(undefined), errorMessage(7)]).toEqual(['text', 'undefined', '7'])
})
