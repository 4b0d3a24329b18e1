import { describe, expect, test } from 'bun:test'
import { silentLog } from '#common/process/log'
import { sealer } from './sealer.ts'

/** A sleep that ends when the test says so; `waits` holds what was asked for. */
const manual = () => {
  const waits: { readonly ms: number; readonly end: () => void }[] = []
  const sleep = (ms: number) => new Promise<void>((end) => void waits.push({ ms, end }))
  /** Lets the current sleep end and everything behind it happen. */
  const pass = async () => {
    const wait = waits.shift()
    wait?.end()
    await Bun.sleep(1)
    return wait?.ms
  }
  return { sleep, pass, waits }
}

const made = (seal: () => Promise<boolean>, prepare = async () => {}) => {
  const clock = manual()
  const loop = sealer({ seal, prepare, window: () => 200, sleep: clock.sleep, log: silentLog })
  return { ...clock, loop }
}

describe('the sealer', () => {
  test('waits a window for company, seals until nothing is left, then rests', async () => {
    let left = 2
    const { loop, pass, waits } = made(async () => left-- > 0)
    loop.wake()
    loop.wake()
    expect(waits.map(({ ms }) => ms)).toEqual([200])
    await pass()
    await pass()
    await pass()
    expect([left, waits.length]).toEqual([-1, 0])
    loop.wake()
    expect(waits).toHaveLength(1)
  })

  test('keeps trying after a failure, and says so until it worked', async () => {
    let broken = true
    let sealed = 0
    const { loop, pass } = made(async () => {
      if (broken) throw new Error('machine away')
      sealed += 1
      return false
    })
    loop.wake()
    await pass()
    expect(loop.check).toThrow('machine away')
    broken = false
    expect(await pass()).toBe(1000)
    expect(await pass()).toBe(200)
    expect(sealed).toBe(1)
    loop.check()
  })

  test('after a start first brings the state up, then seals what waited', async () => {
    const order: string[] = []
    let ready = false
    const { loop, pass } = made(
      async () => {
        order.push('seal')
        return false
      },
      async () => {
        order.push('prepare')
        if (!ready) throw new Error('not yet')
      },
    )
    void loop.resume()
    await Bun.sleep(1)
    expect(loop.check).toThrow('not yet')
    ready = true
    await pass()
    await pass()
    expect(order).toEqual(['prepare', 'prepare', 'seal'])
  })

  test('is stopped only when no block is being made', async () => {
    let finish = () => {}
    let sealed = false
    const { loop, pass } = made(async () => {
      await new Promise<void>((end) => {
        finish = end
      })
      sealed = true
      return true
    })
    loop.wake()
    await pass()
    const stopped = loop.stop().then(() => sealed)
    finish()
    expect(await stopped).toBe(true)
    loop.wake()
  })
})
