import { describe, expect, test } from 'bun:test'
import { callQueue, MAX_WAITING, WAIT_TICKS } from './call-queue.ts'
import { CHAIN_ID } from './fixture.ts'
import { manualTicks } from './fixture-ticks.ts'
import type { CallResult } from './model.ts'

const request = { chain_id: CHAIN_ID, state_root: 'ee'.repeat(32) }
const result: CallResult = { success: true, data: '', gas_used: 21_000 }

/** A queue whose calls run until the test ends them, oldest first. */
const opened = () => {
  const { every, tick } = manualTicks()
  const running: PromiseWithResolvers<CallResult>[] = []
  const run = () => {
    const one = Promise.withResolvers<CallResult>()
    running.push(one)
    return one.promise
  }
  return { queue: callQueue({ run, every }), tick, running }
}

describe('calls of the virtual machine', () => {
  test('run one after the other, in order', async () => {
    const { queue, running } = opened()
    const answers = [1, 2, 3].map(() => queue.call(request))
    for (const [at, answer] of answers.entries()) {
      await Bun.sleep(0)
      expect(running).toHaveLength(at + 1)
      running[at]?.resolve(result)
      expect(await answer).toEqual(result)
    }
    expect(queue.waiting()).toBe(0)
  })

  test('a failed one does not stop those behind it', async () => {
    const { queue, running } = opened()
    const [first, second] = [queue.call(request), queue.call(request)]
    await Bun.sleep(0)
    running[0]?.reject(new Error('broke'))
    await expect(first).rejects.toThrow('broke')
    await Bun.sleep(0)
    running[1]?.resolve(result)
    expect(await second).toEqual(result)
  })

  test('that are urgent go before all others, also when too many of those wait', async () => {
    const { queue, running } = opened()
    const order: string[] = []
    const call = (name: string, urgent?: true) =>
      queue.call(urgent ? { ...request, urgent } : request).then(() => order.push(name))
    void call('first')
    for (let n = 0; n < MAX_WAITING; n++) void call('usual')
    await expect(queue.call(request)).rejects.toMatchObject({ code: 'calls-busy' })
    void call('urgent', true)
    for (let at = 0; at < 3; at++) {
      await Bun.sleep(0)
      running[at]?.resolve(result)
    }
    await Bun.sleep(0)
    expect(order).toEqual(['first', 'urgent', 'usual'])
  })

  test('are refused when too many wait, and after waiting for too long', async () => {
    const { queue, tick } = opened()
    void queue.call(request)
    const waiting = Promise.allSettled(Array.from({ length: MAX_WAITING }, () => queue.call(request)))
    await expect(queue.call(request)).rejects.toMatchObject({ kind: 'exhausted', code: 'calls-busy' })
    for (let n = 0; n < WAIT_TICKS; n++) tick()
    for (const one of await waiting) expect(one).toMatchObject({ reason: { code: 'calls-busy' } })
    expect(queue.waiting()).toBe(1)
  })

  test('whose caller has left give up their place and are never run', async () => {
    const { queue, running } = opened()
    const first = queue.call(request)
    const client = new AbortController()
    const left = queue.call(request, client.signal)
    const last = queue.call(request)
    client.abort()
    await expect(left).rejects.toMatchObject({ code: 'caller-left' })
    await expect(queue.call(request, client.signal)).rejects.toMatchObject({ code: 'caller-left' })
    running[0]?.resolve(result)
    await first
    await Bun.sleep(0)
    running[1]?.resolve(result)
    expect(await last).toEqual(result)
    expect(running).toHaveLength(2)
  })
})
