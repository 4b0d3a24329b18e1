import { describe, expect, test } from 'bun:test'
import { states } from '#common/http/session-view'
import { faultOf } from '#common/testing/faults'
import { checkTransition, follows, recordingStates, workStates } from './state.ts'

describe('the life of a session', () => {
  test('goes the ways of SPEC section 4, back from anchored when the chain lost the anchor, and no other', () => {
    expect(follows).toEqual({
      created: ['active', 'finalizing', 'expired', 'failed', 'voided'],
      active: ['paused', 'finalizing', 'failed', 'voided'],
      paused: ['active', 'finalizing', 'failed', 'voided'],
      finalizing: ['anchoring', 'failed'],
      anchoring: ['anchored', 'failed'],
      anchored: ['anchoring'],
      voided: [],
      failed: [],
      expired: [],
    })
  })

  test('is checked at every step: each pair of states is either a way or refused', async () => {
    for (const from of states)
      for (const to of states)
        expect(await faultOf(() => checkTransition(from, to))).toEqual(
          follows[from].includes(to)
            ? 'no fault'
            : expect.objectContaining({
                kind: 'conflict',
                code: 'wrong-state',
                message: `this session is ${from}; it cannot become ${to}`,
                extra: { state: from },
              }),
        )
  })

  test('is recording, in work, or over', () => {
    const over = states.filter((state) => follows[state].length === 0)
    expect([...recordingStates, ...workStates, 'anchored', ...over].toSorted()).toEqual([...states].toSorted())
    for (const state of recordingStates) expect(follows[state]).toContain('finalizing')
  })
})
