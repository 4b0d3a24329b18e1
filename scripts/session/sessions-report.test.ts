import { expect, test } from 'bun:test'
import { plainStyle } from '#common/cli/style'
import { renderSession, renderSessions } from './sessions-report.ts'

const owner = 'TJRabPrwbZy45sbavfcjinPJC18kjpRTv8'
const session = {
  id: '00000000-0000-4000-8000-000000000000',
  state: 'paused' as const,
  owner,
  participants: [],
  observers: [],
  started_at: 0,
  chunk_size: 1,
  gaps: [],
}
const suspended = { ...session, suspended_by: owner, suspended: { at: 1000, reason: 'a break' } }
const name = () => 'ann'

test('a session whose source is away is not said to be paused', () => {
  expect(String(renderSession(session, plainStyle, 0))).toContain('state         waiting for its source\n')
  expect(String(renderSessions([session], plainStyle, 0))).toContain('waiting for its source')
})

test('a session that somebody paused says who, when and why, until it is over', () => {
  expect(String(renderSession(suspended, plainStyle, 0, name))).toContain(
    'state         suspended by ann\nsuspended     1970-01-01T00:00:01.000Z: a break\n',
  )
  expect(String(renderSessions([suspended], plainStyle, 0, name))).toContain('suspended by ann')
  expect(String(renderSessions([{ ...suspended, state: 'anchored' }], plainStyle, 0, name))).not.toContain('suspended')
})
