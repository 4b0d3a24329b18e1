import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { faultOf } from '#common/testing/faults'
import { commitOrder } from './commit-order.ts'

const LONG = 60_000

describe('the commit order of one session', () => {
  test('lets commits through in index order, whatever the order of arrival', async () => {
    const arrivals = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 })
    await fc.assert(
      fc.asyncProperty(arrivals, async (arrived) => {
        const order = commitOrder(1, 0)
        const went: number[] = []
        await Promise.all(
          arrived.map(async (index) => {
            await order.wait(1, index, LONG)
            went.push(index)
            order.committed(index)
          }),
        )
        expect(went).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
        expect(order.next()).toBe(8)
      }),
    )
  })

  test('refuses whoever waits when another writer takes over', async () => {
    const order = commitOrder(1, 0)
    const waiting = faultOf(() => order.wait(1, 2, LONG))
    order.reset(2, 0)
    expect(await waiting).toMatchObject({ kind: 'conflict', code: 'fenced' })
    expect(await faultOf(() => order.wait(1, 0, LONG))).toMatchObject({ kind: 'conflict', code: 'fenced' })
    expect(await faultOf(() => order.wait(2, 0, LONG))).toBe('no fault')
  })

  test('gives up on a chunk whose predecessor does not come, naming it', async () => {
    expect(await faultOf(() => commitOrder(1, 3).wait(1, 5, 1))).toMatchObject({
      kind: 'unavailable',
      code: 'timed-out',
      message: 'chunk 3 did not come, so chunk 5 cannot be kept',
    })
  })

  test('has a place for a chunk once', async () => {
    const order = commitOrder(1, 1)
    expect(await faultOf(() => order.wait(1, 0, LONG))).toMatchObject({ code: 'chunk-in-progress' })
    const waiting = order.wait(1, 2, LONG)
    expect(await faultOf(() => order.wait(1, 2, LONG))).toMatchObject({ code: 'chunk-in-progress' })
    order.committed(1)
    expect(await faultOf(() => waiting)).toBe('no fault')
  })
})
