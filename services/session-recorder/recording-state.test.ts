import { describe, expect, test } from 'bun:test'
import { Fault } from '#common/process/fault'
import { faultOf } from '#common/testing/faults'
import { OWNER } from '#services/session-encryptor/fixture'
import {
  addGap,
  afterHandOver,
  describeEnd,
  describeRecording,
  endRecording,
  newRecording,
  requireRecording,
} from './recording-state.ts'

const fresh = newRecording('r', { owner: OWNER }, 5)
const fed = { received: 30, acknowledged: 20, chunk_count: 2, complete: false }
const ending = endRecording(fresh, fed, { endedAt: 9, reason: 'it broke off' })

test('the end of a recording is told as it is durable, with its reason', () => {
  expect(describeEnd(ending)).toEqual({ complete: false, total_plain: 20, ended_at: 9, reason: 'it broke off' })
  expect(describeEnd(endRecording(fresh, fed, { endedAt: 9 }))).toEqual({
    complete: false,
    total_plain: 20,
    ended_at: 9,
  })
})

describe('gaps in the middle', () => {
  const gap = (offset: number) => ({ offset, from: 1, to: 2, reason: 'r' })
  const offsets = (...all: readonly number[]) =>
    all.reduce((doc, offset) => addGap(doc, gap(offset)), fresh).gaps?.map(({ offset }) => offset)

  test('are told in the order of the stream, and end with the bytes that they stood in', () => {
    expect(offsets(5, 9)).toEqual([5, 9])
    expect(offsets(5, 9, 9)).toEqual([5, 9])
    expect(offsets(5, 9, 6)).toEqual([5, 6])
    expect(describeEnd(endRecording(addGap(fresh, gap(5)), fed, { endedAt: 9 }))).toMatchObject({ gaps: [gap(5)] })
  })

  test('are a thousand at most', async () => {
    const full = Array.from({ length: 1000 }, (_, at) => at).reduce((doc, at) => addGap(doc, gap(at)), fresh)
    expect(await faultOf(() => addGap(full, gap(1000)))).toMatchObject({ code: 'too-many-gaps' })
    expect(addGap(full, gap(999)).gaps?.length).toBe(1000)
  })
})

describe('a recording that was handed over', () => {
  test.each([
    ['is ended', undefined, { state: 'ended' }],
    ['is ended when the orchestrator knew', new Fault('conflict', 'already-finalized', 'x'), { state: 'ended' }],
    ['waits while nobody answers', new Fault('unavailable', 'unreachable', 'x'), { state: 'ending' }],
    ['waits for an orchestrator of another release', new Fault('invalid', 'bad-request', 'x'), { state: 'ending' }],
    ['waits after an error that says nothing', new TypeError('x'), { state: 'ending' }],
    ['has failed when it is refused', new Fault('missing', 'gone', 'no'), { state: 'failed', error: 'no' }],
  ])('%s', (_, error, change) => {
    expect(afterHandOver(ending, error)).toEqual({ ...ending, ...change } as typeof ending)
  })
})

test('the end of a recording of an older release is told without what it does not know', () => {
  const { ended_at: _, ...older } = ending
  expect(describeEnd(older)).toEqual({ complete: false, total_plain: 20, reason: 'it broke off' })
})

test('only a recording that has not ended takes bytes', async () => {
  expect(await faultOf(() => requireRecording(fresh))).toBe('no fault')
  for (const state of ['ending', 'ended', 'failed'] as const)
    expect(await faultOf(() => requireRecording({ ...ending, state }))).toMatchObject({
      code: 'recording-ended',
      extra: { state, acknowledged: 20 },
    })
})

test('a recording is shown as far as its pipeline is, else as it was kept', () => {
  const { reason: _, touched_at: __, ended_at: ___, ...kept } = ending
  expect(describeRecording(ending, {})).toEqual({ ...kept, received: 20 })
  const further = { received: 50, acknowledged: 40, chunk_count: 4, complete: true }
  expect(describeRecording(ending, { fed: further, received: 60 })).toEqual({
    ...kept,
    received: 60,
    acknowledged: 40,
    chunks: 4,
    complete: true,
  })
})
