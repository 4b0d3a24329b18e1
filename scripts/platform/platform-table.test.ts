import { expect, test } from 'bun:test'
import { plainStyle } from '#common/cli/style'
import { renderChanges, renderPlatform, renderSummary } from './platform-table.ts'
import type { View } from './unit-state.ts'

const view = (name: string, more: Partial<View>): View => ({
  name,
  stack: 'sessions',
  port: 8090,
  url: 'http://127.0.0.1:8090',
  state: 'waiting',
  restarts: 0,
  ...more,
})

const before = [view('cutter', { state: 'starting', startedAt: 1_000 }), view('vault', {})]
const after = [
  view('cutter', { state: 'healthy', startedAt: 1_000, readyMs: 412 }),
  view('vault', { state: 'restarting', restarts: 2 }),
]

test('the table shows each service, how it is and how long it took', () => {
  expect(renderPlatform(after, plainStyle, 2_000).raw).toBe(
    [
      'SERVICE  STACK     PORT  STATE                     TIME',
      'cutter   sessions  8090  healthy                 412 ms',
      'vault    sessions  8090  restarting (restart 2)',
      '',
    ].join('\n'),
  )
  expect(renderPlatform(before, plainStyle, 2_500).raw.split('\n')[1]).toBe('cutter   sessions  8090  starting  1.5 s')
})

test('in a pipe each change of state is one line, and nothing is said twice', () => {
  expect(renderChanges(before, after, 2_000)).toEqual(['healthy     cutter  8090  412 ms', 'restarting  vault   8090'])
  expect(renderChanges(after, after, 2_000)).toEqual([])
})

test('the end counts the healthy ones', () => {
  expect(renderSummary(after, 2_412)).toEqual({ text: '1 service healthy in 2.4 s', colour: 'green' })
})
