import { expect, test } from 'bun:test'
import type { ContainerState } from '#common/host/facts/container'
import { makeContainer } from '#common/host/facts/container.fixture'
import type { Member } from '../content/release.ts'
import { addState, judge, type Watched, watch } from './gate-rules.ts'

const member: Member = {
  service: 'cut',
  container: 'cut',
  image: 'local/cut:2',
  proof: { kind: 'healthy', command: ['true'] },
  memory: 0,
  ports: [],
  volumes: [],
}

const state = (more: Partial<ContainerState>): ContainerState =>
  makeContainer('cut', { health: 'starting', startedAt: 1, image: member.image, ...more })

const after = (...states: readonly ContainerState[]): Watched =>
  states.reduce((before, one) => addState(before, one, { now: 1_000, probed: false }), watch(member, 0))

const verdict = (...states: readonly ContainerState[]) => judge(after(...states), { now: 1_000, limitMs: 60_000 })

test('one that ends again and again is told with what it ended, also when it is just running again', () => {
  expect(
    verdict(state({}), state({ status: 'restarting', exitCode: 3, restarts: 1 }), state({ restarts: 3, startedAt: 4 })),
  ).toEqual({ kind: 'failed', why: 'it ended 3 times while starting: exit code 3' })
})

test('of one that was never seen ended no exit code is made up', () => {
  expect(verdict(state({}), state({ restarts: 3, startedAt: 4 }))).toEqual({
    kind: 'failed',
    why: 'it ended 3 times while starting',
  })
})

test('one that was well and runs anew has crashed', () => {
  expect(verdict(state({ health: 'healthy' }), state({ startedAt: 2 }))).toEqual({
    kind: 'failed',
    why: 'it was healthy and then started again by itself',
  })
})
