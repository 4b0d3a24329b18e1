import { expect, test } from 'bun:test'
import { PhaseError, runPhases } from './phases.ts'
import { selectNames } from './selection.ts'

const items = [
  { name: 'c', phase: 2 },
  { name: 'a', phase: 1 },
  { name: 'b', phase: 1 },
  { name: 'd', phase: 3 },
]

test('a phase begins when the one before is done, and its own go side by side', async () => {
  const log: string[] = []
  const both = Promise.withResolvers<void>()
  await runPhases(items, 2, async ({ name }) => {
    log.push(`${name} begins`)
    if (log.includes('a begins') && log.includes('b begins')) both.resolve()
    await both.promise
    log.push(`${name} ends`)
  })
  expect(log.slice(0, 2).toSorted()).toEqual(['a begins', 'b begins'])
  expect(log.slice(4)).toEqual(['c begins', 'c ends', 'd begins', 'd ends'])
})

test('with one job there is one at a time', async () => {
  let now = 0
  let most = 0
  await runPhases(items, 1, async () => {
    most = Math.max(most, ++now)
    await Promise.resolve()
    now--
  })
  expect(most).toBe(1)
})

test('the first failure ends it by name and phase: what had begun is waited for, nothing more is begun', async () => {
  const log: string[] = []
  const run = runPhases(items, 2, async ({ name }) => {
    if (name === 'a') throw new Error('no room')
    await Promise.resolve()
    await Promise.resolve()
    log.push(name)
  })
  const error = await run.catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(PhaseError)
  expect(error).toMatchObject({ message: 'phase 1, a: no room', service: 'a', phase: 1 })
  expect(log).toEqual(['b'])
})

test('--only and --phase leave what they name, in the order of the build', () => {
  expect(selectNames(items, { only: 'd, a', phase: undefined })).toEqual({ names: ['a', 'd'] })
  expect(selectNames(items, { only: undefined, phase: '1' })).toEqual({ names: ['a', 'b'] })
  expect(selectNames(items, { only: undefined, phase: undefined })).toEqual({ names: ['c', 'a', 'b', 'd'] })
  expect(selectNames(items, { only: 'a,x', phase: undefined })).toEqual({
    fault: 'there is no image x; there are c, a, b, d',
  })
  expect(selectNames(items, { only: undefined, phase: '5' })).toEqual({ fault: 'no image is in that phase' })
})
