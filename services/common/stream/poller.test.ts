import { describe, expect, test } from 'bun:test'
import { poller } from './poller.ts'

const never = 2 ** 30

describe('the poller', () => {
  test('a poke settles only after a step that began after it', async () => {
    const began: number[] = []
    const gates: (() => void)[] = []
    const loop = poller({
      step: () =>
        new Promise<number>((resolve) => {
          began.push(began.length)
          gates.push(() => resolve(never))
        }),
      onError: () => never,
    })
    let settled = 0
    const pokes = [loop.poke(), loop.poke()].map((poke) => poke.then(() => settled++))
    gates[0]?.()
    await Bun.sleep(0)
    expect([began.length, settled]).toEqual([2, 0])
    gates[1]?.()
    await Promise.all(pokes)
    expect([began.length, settled]).toEqual([2, 2])
    await loop.stop()
  })

  test('a failed step rejects its pokes and the loop goes on', async () => {
    let steps = 0
    const failures: string[] = []
    const loop = poller({
      step: async () => {
        steps++
        if (steps === 2) throw new Error('away')
        return never
      },
      onError: (error) => {
        failures.push(String(error))
        return never
      },
    })
    await Bun.sleep(0)
    await expect(loop.poke()).rejects.toThrow('away')
    await Bun.sleep(0)
    await loop.poke()
    expect([steps, failures]).toEqual([3, ['Error: away']])
    await loop.stop()
  })

  test('after stop no step runs and pokes settle', async () => {
    let steps = 0
    const loop = poller({ step: async () => ++steps * never, onError: () => never })
    await loop.stop()
    const seen = steps
    await loop.poke()
    expect(steps).toBe(seen)
  })
})
