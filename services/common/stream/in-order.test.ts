import { expect, test } from 'bun:test'
import { inOrder } from './in-order.ts'

test('results come in the order of the items with at most the limit in flight', async () => {
  let running = 0
  let most = 0
  const results: number[] = []
  const work = async (item: number) => {
    running += 1
    most = Math.max(most, running)
    for (let turn = 0; turn < (item * 7) % 5; turn += 1) await Bun.sleep(0)
    running -= 1
    return item
  }
  const items = Array.from({ length: 20 }, (_, i) => i)
  for await (const result of inOrder(items, 3, work)) results.push(result)
  expect(results).toEqual(items)
  expect(most).toBe(3)
})

test('a failure is thrown at its turn, after all that was started has ended', async () => {
  let running = 0
  const work = async (item: number) => {
    running += 1
    await Bun.sleep(item === 1 ? 0 : 2)
    running -= 1
    if (item === 1) throw new Error('one')
    return item
  }
  const results: number[] = []
  const all = async () => {
    for await (const result of inOrder([0, 1, 2, 3, 4, 5], 3, work)) results.push(result)
  }
  expect(await all().catch((error: Error) => error.message)).toBe('one')
  expect(results).toEqual([0])
  expect(running).toBe(0)
})

test('no items give no results', async () => {
  expect(await Array.fromAsync(inOrder([], 3, async () => 1))).toEqual([])
})
