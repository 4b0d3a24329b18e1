import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Finding, FindingState } from '../finding.ts'
import { findChanges, grownBy, isNews, readHistory } from './history.ts'
import { openJournal } from './journal.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-health-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let made = 0
const freshPath = () => join(folder, `${made++}`, 'health.log')
const now = () => Date.UTC(2026, 0, 1)

const finding = (subject: string, state: FindingState, evidence = ''): Finding => ({
  subject,
  state,
  evidence,
  remedy: '',
})
const toBad = { subject: 'a', from: 'unseen', to: 'bad', detail: '' }
const toOk = { subject: 'a', from: 'bad', to: 'ok', detail: '' }
const nothing = { states: new Map(), counts: new Map(), untold: [] }

test('only a subject that is in another state than last time is a change', () => {
  const states = new Map([
    ['a', 'ok'],
    ['b', 'bad'],
  ])
  const findings = [finding('a', 'warn', 'why'), finding('b', 'bad'), finding('c', 'ok')]
  expect(findChanges(findings, states, { all: true })).toEqual([
    { subject: 'a', from: 'ok', to: 'warn', detail: 'why' },
    { subject: 'c', from: 'unseen', to: 'ok', detail: '' },
  ])
})

test('a subject that was not well and is no longer there is gone, once, and only where all was looked at', () => {
  const states = new Map([
    ['certificate:a.pem', 'bad'],
    ['certificate:b.pem', 'ok'],
    ['certificate:c.pem', 'gone'],
  ])
  expect(findChanges([], states, { all: false })).toEqual([])
  expect(findChanges([], states, { all: true })).toEqual([
    { subject: 'certificate:a.pem', from: 'bad', to: 'gone', detail: 'it is no longer there' },
  ])
})

test('a subject that is well when first seen is no news, anything else is', () => {
  const change = { subject: 'a', from: 'unseen', to: 'ok', detail: '' }
  expect([change, { ...change, to: 'warn' }, { ...change, from: 'bad' }].map(isNews)).toEqual([false, true, true])
})

test('something has grown only while it is the same thing', () => {
  const counts = new Map([['restarts:a', { id: 'one', count: 2 }]])
  expect(grownBy(counts, 'restarts:a', { id: 'one', count: 5 })).toBe(3)
  expect(grownBy(counts, 'restarts:a', { id: 'one', count: 1 })).toBe(0)
  expect(grownBy(counts, 'restarts:a', { id: 'two', count: 5 })).toBe(0)
  expect(grownBy(counts, 'restarts:b', { id: 'one', count: 5 })).toBe(0)
})

test('the log reads back: the last states and counts, and what the webhook was not told', () => {
  const path = freshPath()
  const first = openJournal(path, now)
  expect(first.history).toEqual(nothing)
  first.recordChanges([toBad])
  first.recordCounts(new Map([['restarts:a', { id: 'one', count: 2 }]]))
  first.markTold()
  const second = openJournal(path, now)
  const counts = new Map([['restarts:a', { id: 'one', count: 2 }]])
  expect(second.history).toEqual({ states: new Map([['a', 'bad']]), counts, untold: [] })
  second.recordChanges([toOk])
  expect(openJournal(path, now).history).toEqual({ states: new Map([['a', 'ok']]), counts, untold: [toOk] })
  expect(readFileSync(path, 'utf8').split('\n').slice(0, 2)).toEqual([
    '{"time":"2026-01-01T00:00:00.000Z","level":"warn","service":"health","event":"state-changed","subject":"a","from":"unseen","to":"bad","detail":""}',
    '{"time":"2026-01-01T00:00:00.000Z","level":"info","service":"health","event":"counted","subject":"restarts:a","id":"one","count":2}',
  ])
})

test('a count that is as before is not written again', () => {
  const path = freshPath()
  const counts = new Map([['restarts:a', { id: 'one', count: 2 }]])
  openJournal(path, now).recordCounts(counts)
  const { size } = statSync(path)
  openJournal(path, now).recordCounts(counts)
  expect(statSync(path).size).toBe(size)
  openJournal(path, now).recordCounts(new Map([['restarts:a', { id: 'two', count: 2 }]]))
  expect(openJournal(path, now).history.counts.get('restarts:a')?.id).toBe('two')
})

test('a line that was cut off is skipped and swallows nothing', () => {
  const path = freshPath()
  openJournal(path, now).recordChanges([toBad])
  writeFileSync(path, `${readFileSync(path, 'utf8')}{"event":"state-chan`)
  openJournal(path, now).recordChanges([toOk])
  expect(readHistory(readFileSync(path, 'utf8')).states).toEqual(new Map([['a', 'ok']]))
})

test('a log over a mebibyte goes aside, and states, counts and untold changes go with the new one', () => {
  const path = freshPath()
  const journal = openJournal(path, now)
  journal.recordChanges([toBad])
  journal.recordCounts(new Map([['memory:kills', { id: 'kernel', count: 7 }]]))
  writeFileSync(path, `${readFileSync(path, 'utf8')}${'x'.repeat(1024 * 1024)}\n`)
  const before = openJournal(path, now).history
  expect(statSync(path).size).toBeLessThan(2_000)
  expect(statSync(`${path}.1`).size).toBeGreaterThan(1024 * 1024)
  expect(openJournal(path, now).history).toEqual(before)
  expect(before.untold).toEqual([toBad])
})
