import { describe, expect, test } from 'bun:test'
import { faultOf } from '#common/testing/faults'
import { sessionRequest } from './fixture.ts'
import { endIdleSession, finalizeSession, newSession, publicSession, setSessionState } from './transitions.ts'

const fresh = newSession(sessionRequest, { id: 's', public_key: 'aa', chunk_size: 1024 }, 5)
const active = setSessionState(fresh, { state: 'active' }).next

test('a new session shows what others may see of it, and nothing that is not known yet', () => {
  expect(publicSession(fresh)).toEqual({
    id: 's',
    state: 'created',
    owner: sessionRequest.owner,
    participants: [],
    observers: [],
    started_at: 5,
    chunk_size: 1024,
    gaps: [],
  })
})

test('a recording that ended keeps what its recorder says of the end', () => {
  expect(finalizeSession(active, { complete: true, total_plain: 9 }, 7)).toEqual({
    next: { ...active, state: 'finalizing', pipeline: 'initialized', ended_at: 7, complete: true, claimed_plain: 9 },
    event: { type: 'recording-ended', body: { ended_at: 7 } },
  })
  const brokenOff = (reason: string) => ({ type: 'recording-broken-off', body: { ended_at: 7, reason } })
  const cut = finalizeSession(active, { complete: false, reason: 'cut' }, 7)
  expect(cut.event as unknown).toEqual(brokenOff('cut'))
  expect(finalizeSession(active, { complete: false }, 7).event as unknown).toEqual(brokenOff('unknown'))
})

test('gaps that were told beforehand are those of a session whose recorder never comes back', () => {
  const gaps = [{ offset: 5, from: 6, to: 7, reason: 'the source was cut off' }]
  const told = setSessionState(setSessionState(active, { state: 'active', gaps }).next, { state: 'paused' }).next
  expect(endIdleSession(told, 9).next.stream_gaps).toEqual(gaps)
  const more = [...gaps, { offset: 8, from: 7, to: 8, reason: 'the source paused' }]
  expect(finalizeSession(told, { complete: true, gaps: more }, 9).next.stream_gaps).toEqual(more)
})

test('a recording ends once', async () => {
  const { next } = finalizeSession(active, { complete: true }, 7)
  expect(await faultOf(() => finalizeSession(next, { complete: true }, 8))).toMatchObject({
    code: 'already-finalized',
    extra: { state: 'finalizing' },
  })
  expect(await faultOf(() => setSessionState(next, { state: 'active' }))).toMatchObject({ code: 'wrong-state' })
})

describe('a session that nobody uses', () => {
  test.each([
    ['expires when it was never recorded into', fresh, { state: 'expired' }, { type: 'expired' }],
    [
      'is ended with a gap when it was',
      active,
      { state: 'finalizing', complete: false },
      { type: 'recording-broken-off', body: { ended_at: 9, reason: 'nothing was recorded for too long' } },
    ],
  ] as const)('%s', (_, doc, next, event) => {
    expect(endIdleSession(doc, 9)).toMatchObject({ next, event })
  })
})
