import { expect, test } from 'bun:test'
import { ATTEMPTS, type Attempt, formatPattern, judge } from './attempts.ts'
import { TAMPERS } from './tamper.ts'

const swapped: Attempt = {
  name: 'swapped chunks',
  subject: 'anchored',
  trust: true,
  exit: 1,
  expect: /^chunks 1 and 2 swapped$/,
}
const fault = (detail: string, ok: false | 'warn' = false) => ({ check: 'chunks', ok, detail }) as const

test('every tamper is tried, and the honest bundles that are not complete or prove nothing', () => {
  expect(ATTEMPTS).toHaveLength(TAMPERS.length + 3)
  expect(ATTEMPTS.slice(0, 3).map(({ exit, trust }) => ({ exit, trust }))).toEqual([
    { exit: 3, trust: true },
    { exit: 2, trust: true },
    { exit: 2, trust: false },
  ])
  expect(new Set(ATTEMPTS.map(({ name }) => name)).size).toBe(ATTEMPTS.length)
})

test('an attempt that is named with the right exit code is caught', () => {
  const checks = [
    { check: 'structure', ok: true, detail: 'fine' } as const,
    fault('something else'),
    fault('chunks 1 and 2 swapped'),
  ]
  expect(judge(swapped, { exit: 1, checks })).toEqual({
    tried: 'swapped chunks',
    expected: 'exit 1: chunks 1 and 2 swapped',
    seen: 'exit 1: chunks 1 and 2 swapped',
    ok: true,
  })
})

test('a verifier that lets it pass, names another thing or exits otherwise has not caught it', () => {
  const fine = { check: 'chunks', ok: true, detail: 'chunks 1 and 2 swapped' } as const
  expect(judge(swapped, { exit: 0, checks: [fine] })).toMatchObject({ seen: 'exit 0: nothing wrong found', ok: false })
  expect(judge(swapped, { exit: 1, checks: [fault('chunk 1 altered')] })).toMatchObject({
    seen: 'exit 1: chunk 1 altered',
    ok: false,
  })
  expect(judge(swapped, { exit: 2, checks: [fault('chunks 1 and 2 swapped')] }).ok).toBe(false)
  expect(judge(swapped, { exit: 139, checks: [] }).ok).toBe(false)
})

test('a pattern reads as a phrase', () => {
  expect(formatPattern(/^chunk 2 missing \(dropped\)$/)).toBe('chunk 2 missing (dropped)')
  expect(formatPattern(/^anchor mismatch/)).toBe('anchor mismatch')
})
