import { expect, test } from 'bun:test'
import { Fault } from '../process/fault.ts'
import { faultOf } from '../testing/faults.ts'
import { exclusive } from './exclusive.ts'

const busy = new Fault('conflict', 'busy', 'somebody is at it')

test('a key that is taken is refused; another is not, and it is free again afterwards', async () => {
  const { run, keys } = exclusive(() => busy)
  const gate = Promise.withResolvers<string>()
  const first = run('a', () => gate.promise)
  expect(keys()).toEqual(['a'])
  expect(await faultOf(() => run('a', async () => 'never'))).toBe(busy)
  expect(await run('b', async () => 'b')).toBe('b')
  gate.resolve('done')
  expect(await first).toBe('done')
  expect(keys()).toEqual([])
})

test('work that fails gives its key back', async () => {
  const { run } = exclusive(() => busy)
  const broken = new Error('broken')
  expect(
    await faultOf(() =>
      run('a', async () => {
        throw broken
      }),
    ),
  ).toBe(broken)
  expect(await run('a', async () => 'next')).toBe('next')
})
