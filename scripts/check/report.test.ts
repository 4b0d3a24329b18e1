import { expect, test } from 'bun:test'
import { closingLine, notRun, sumOf, tallyOfJunit } from './report.ts'

test('a JUnit report gives passed, failed and skipped', () => {
  const xml =
    '<?xml version="1.0"?>\n<testsuites name="bun test" tests="12" assertions="40" failures="2" skipped="3" time="1.2">'
  expect(tallyOfJunit(xml)).toEqual({ passed: 7, failed: 2, skipped: 3 })
})

test('a report without counts is no report', () => {
  expect([tallyOfJunit(''), tallyOfJunit('<testsuites>'), tallyOfJunit('<testsuites tests="3">')]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})

test('the closing line adds everything up', () => {
  const all = sumOf([
    { passed: 1, failed: 0, skipped: 0 },
    { passed: 40, failed: 1, skipped: 2 },
  ])
  expect(closingLine(all)).toBe('41 passed, 1 failed, 2 skipped')
})

test('what was not run is told once each', () => {
  expect(notRun('ok\n  NOT RUN: no restic\nNOT RUN: no restic\nx NOT RUN: no tar ')).toEqual([
    'NOT RUN: no restic',
    'NOT RUN: no tar',
  ])
})
