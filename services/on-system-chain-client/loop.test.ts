import { expect, test } from 'bun:test'
import { Fault } from '#common/process/fault'
import { jsonLog, silentLog } from '#common/process/log'
import { anchorLoop } from './loop.ts'

const pace = { first: 1, most: 1 }

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await Bun.sleep(1)
}

test('runs while there is something to do, then sleeps until it is woken', async () => {
  let [rounds, left] = [0, 3]
  const round = async () => {
    rounds += 1
    return left-- > 0
  }
  const loop = anchorLoop(round, { pace, idleMs: 2 ** 31 - 1, log: silentLog })
  await until(() => rounds === 4)
  await Bun.sleep(30)
  expect(rounds).toBe(4)
  loop.wake()
  await until(() => rounds === 5)
  await loop.stop()
})

test('says once that the chain is away, and goes on by itself when it is back', async () => {
  const lines: string[] = []
  const log = jsonLog('test', { write: (line) => void lines.push(line) })
  let rounds = 0
  const round = async () => {
    rounds += 1
    if (rounds <= 2) throw new Fault('unavailable', 'unreachable', 'nothing listens')
    return false
  }
  const loop = anchorLoop(round, { pace, idleMs: 2 ** 31 - 1, log })
  await until(() => rounds === 3)
  expect(lines.map((line) => JSON.parse(line).event)).toEqual(['chain-away'])
  await loop.stop()
})

test('with nothing to do looks at the chain again after the idle time', async () => {
  let rounds = 0
  const loop = anchorLoop(async () => ++rounds < 0, { pace, idleMs: 1, log: silentLog })
  await until(() => rounds > 3)
  await loop.stop()
})
