import { expect, test } from 'bun:test'
import { jsonOf, reportOf, tableOf } from './health-report.ts'
import type { Result } from './probe.ts'

const good: Result = { name: 'alpha', stack: 'core', state: 'healthy', ms: 3, detail: '', version: '0.1.0' }
const bad: Result = { name: 'beta-longer', stack: 'core', state: 'timeout', ms: 1500, detail: 'no answer in time' }

test('the table has a line a service, no trailing blank and no colour in a pipe', () => {
  expect(tableOf(reportOf([good, bad], 1), { colour: false }).raw).toBe(
    [
      'SERVICE      STACK  STATE      MS  VERSION  DETAIL',
      'alpha        core   healthy     3  0.1.0',
      'beta-longer  core   timeout  1500           no answer in time',
      '',
      '1 of 2 healthy',
      '',
    ].join('\n'),
  )
})

test('on a terminal the states are coloured', () => {
  expect(tableOf(reportOf([good], 1), { colour: true }).raw).toContain('\u001b[32mhealthy')
})

test('all is well only when every service is healthy, and there is one', () => {
  expect(reportOf([good], 1).ok).toBe(true)
  expect(reportOf([good, { ...good, state: 'degraded' }], 1).ok).toBe(false)
  expect(reportOf([], 1).ok).toBe(false)
})

test('what was left out is shown and is no fault, but it is no service that is well either', () => {
  const absent: Result = { name: 'gamma', stack: 'core', state: 'absent', ms: 0, detail: 'needs nginx' }
  expect(reportOf([good, absent], 1).ok).toBe(true)
  expect(reportOf([absent], 1).ok).toBe(false)
  const text = tableOf(reportOf([good, absent], 1), { colour: false }).raw
  expect(text).toContain('gamma    core   absent    0           needs nginx')
  expect(text).toEndWith('1 of 1 healthy, 1 left out\n')
})

test('the JSON is the report', () => {
  expect(JSON.parse(jsonOf(reportOf([bad], 5)).raw)).toEqual({ ok: false, checked_at: 5, services: [bad] })
})
