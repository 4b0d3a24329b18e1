import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Result, State } from '../services/common/probe.ts'
import { changesOf, isNews, readHistory } from './history.ts'
import { openJournal } from './journal.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-health-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let made = 0
const freshPath = () => join(folder, `${made++}`, 'health.log')
const now = () => Date.UTC(2026, 0, 1)

const result = (name: string, state: State, detail = ''): Result => ({
  name,
  stack: 'core',
  state,
  ms: 1,
  detail,
})

test('only a service that is in another state than last time is a change', () => {
  const states = new Map([
    ['a', 'healthy'],
    ['b', 'timeout'],
  ])
  expect(
    changesOf([result('a', 'degraded', 'why'), result('b', 'timeout'), result('c', 'healthy')], states),
  ).toEqual([
    { subject: 'a', from: 'healthy', to: 'degraded', detail: 'why' },
    { subject: 'c', from: 'unknown', to: 'healthy', detail: '' },
  ])
})

test('a service that is well when first seen is no news, anything else is', () => {
  const change = { subject: 'a', from: 'unknown', to: 'healthy', detail: '' }
  expect([change, { ...change, to: 'timeout' }, { ...change, from: 'timeout' }].map(isNews)).toEqual([
    false,
    true,
    true,
  ])
})

test('the log reads back: the last states, and what the webhook was not told', () => {
  const path = freshPath()
  const first = openJournal(path, now)
  first.changed([{ subject: 'a', from: 'unknown', to: 'timeout', detail: '' }])
  first.told()
  const second = openJournal(path, now)
  expect(second.history).toEqual({ states: new Map([['a', 'timeout']]), untold: [] })
  second.changed([{ subject: 'a', from: 'timeout', to: 'healthy', detail: '' }])
  expect(openJournal(path, now).history).toEqual({
    states: new Map([['a', 'healthy']]),
    untold: [{ subject: 'a', from: 'timeout', to: 'healthy', detail: '' }],
  })
  expect(readFileSync(path, 'utf8').split('\n')[0]).toBe(
    '{"time":"2026-01-01T00:00:00.000Z","level":"warn","service":"health","event":"state-changed","subject":"a","from":"unknown","to":"timeout","detail":""}',
  )
})

test('a line that was cut off is skipped and swallows nothing', () => {
  const path = freshPath()
  openJournal(path, now).changed([{ subject: 'a', from: 'unknown', to: 'timeout', detail: '' }])
  writeFileSync(path, `${readFileSync(path, 'utf8')}{"event":"state-chan`)
  openJournal(path, now).changed([{ subject: 'a', from: 'timeout', to: 'healthy', detail: '' }])
  expect(readHistory(readFileSync(path, 'utf8')).states).toEqual(new Map([['a', 'healthy']]))
})

test('a log over a mebibyte goes aside, and the states go with the new one', () => {
  const path = freshPath()
  openJournal(path, now).changed([{ subject: 'a', from: 'unknown', to: 'timeout', detail: '' }])
  writeFileSync(path, `${readFileSync(path, 'utf8')}${'x'.repeat(1024 * 1024)}\n`)
  const before = openJournal(path, now).history
  expect(statSync(path).size).toBeLessThan(2_000)
  expect(statSync(`${path}.1`).size).toBeGreaterThan(1024 * 1024)
  expect(openJournal(path, now).history).toEqual(before)
})
