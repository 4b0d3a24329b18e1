import { expect, test } from 'bun:test'
import type { ContainerState } from '#common/host/facts/container'
import { makeContainer } from '#common/host/facts/container.fixture'
import type { Member } from '../content/release.ts'
import { openWatch } from './gate.ts'

const member: Member = {
  service: 'a',
  container: 'a',
  image: 'a:1',
  proof: { kind: 'healthy', command: ['check'] },
  memory: 1,
  ports: [],
  volumes: [],
}

/** A container that the engine says one thing of after the other, and whose own check answers as told. FAKE engine and clock. */
const watchOf = (said: readonly ContainerState['health'][], check: (at: number) => boolean) => {
  let at = 0
  const state = (): ContainerState =>
    makeContainer('a', { health: said[Math.min(Math.floor(at / 1000), said.length - 1)] ?? 'none', image: 'a:1' })
  const watch = openWatch(
    { states: async () => [state()], probe: async () => (check(at) ? ['a'] : []), logs: async () => ['last words'] },
    {
      now: () => at,
      pause: async (ms) => {
        at += ms
      },
      limitMs: 20_000,
      settleMs: 5_000,
    },
    () => {},
  )
  return { watch, at: () => at }
}

test('a service that the engine calls unhealthy for what was before it was well is looked at again, and stays', async () => {
  const { watch } = watchOf(['starting', 'starting', 'unhealthy', 'unhealthy', 'healthy'], (at) => at > 600)
  await watch.until([member])
  await watch.settle([])
})

test('a service that was well and is not when it is looked at again has failed, with its last words', async () => {
  const { watch, at } = watchOf(['starting', 'starting', 'unhealthy'], (now) => now < 1_500)
  await watch.until([member])
  await expect(watch.settle([])).rejects.toMatchObject({
    message: 'a: it was healthy and then unhealthy',
    details: ['last words'],
  })
  expect(at()).toBeLessThan(5_000)
})

test('a service that takes longer than the engine’s own patience has until the limit', async () => {
  const { watch, at } = watchOf(['starting', 'unhealthy'], (now) => now > 12_000)
  await watch.until([member])
  expect(at()).toBeGreaterThan(12_000)
  const never = watchOf(['starting', 'unhealthy'], () => false)
  await expect(never.watch.until([member])).rejects.toThrow('not healthy after 20 s')
})
