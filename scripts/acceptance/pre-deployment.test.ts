import { describe, expect, test } from 'bun:test'
import { rowsOf } from './pre-deployment.ts'

describe('a rule of verify:images', () => {
  const rule = { rule: 'user', promise: 'never as root', checked: 30, breaches: [] }
  test('passes with what it looked at', () =>
    expect(rowsOf(rule)).toEqual([{ check: 'user', subject: 'images', result: 'PASS', detail: 'never as root (30)' }]))
  test('that was not run is never counted as passed', () =>
    expect(rowsOf({ ...rule, notRun: 'no vulnerability database' })).toEqual([
      { check: 'user', subject: 'images', result: 'NOT RUN', detail: 'no vulnerability database' },
    ]))
  test('that is broken names three breaches, and where the others are', () =>
    expect(rowsOf({ ...rule, breaches: ['a', 'b', 'c', 'd'] })[0]?.detail).toBe(
      'a; b; c; and 1 more (bun run verify:images)',
    ))
})
