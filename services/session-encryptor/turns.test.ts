import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { faultOf } from '#common/testing/evidence'
import { turns } from './turns.ts'

const LONG = 60_000

describe('the turns of one session', () => {
  test('let commits through in index order, whatever the order of arrival', async () => {
    const arrivals = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 })
    await fc.assert(
      fc.asyncProperty(arrivals, async (order) => {
        const line = turns(1, 0)
        const went: number[] = []
        await Promise.all(
          order.map(async (index) => {
            await line.wait(1, index, LONG)
            went.push(index)
            line.done(index)
          }),
        )
        expect(went).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
        expect(line.next()).toBe(8)
      }),
    )
  })

  test('refuse whoever waits when another writer takes over', async () => {
    const line = turns(1, 0)
    const waiting = faultOf(() => line.wait(1, 2, LONG))
    line.reset(2, 0)
    expect(await waiting).toMatchObject({ kind: 'conflict', code: 'fenced' })
    expect(await faultOf(() => line.wait(1, 0, LONG))).toMatchObject({ kind: 'conflict', code: 'fenced' })
    expect(await faultOf(() => line.wait(2, 0, LONG))).toBe('no fault')
  })

  test('give up on a chunk whose predecessor does not come, naming it', async () => {
    expect(await faultOf(() => turns(1, 3).wait(1, 5, 1))).toMatchObject({
      kind: 'unavailable',
      code: 'timed-out',
      message: 'chunk 3 did not come, so chunk 5 cannot be kept',
    })
  })

  test('have a place for a chunk once', async () => {
    const line = turns(1, 1)
    expect(await faultOf(() => line.wait(1, 0, LONG))).toMatchObject({ code: 'chunk-in-progress' })
    const waiting = line.wait(1, 2, LONG)
    expect(await faultOf(() => line.wait(1, 2, LONG))).toMatchObject({ code: 'chunk-in-progress' })
    line.done(1)
    expect(await faultOf(() => waiting)).toBe('no fault')
  })
})
