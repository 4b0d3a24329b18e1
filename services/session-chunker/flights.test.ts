import { describe, expect, test } from 'bun:test'
import { Fault } from '#common/process/fault'
import { limiter } from '#common/stream/limiter'
import { faultOf } from '#common/testing/faults'
import { flights } from './flights.ts'

const away = new Fault('unavailable', 'unreachable', 'away')

describe('flights', () => {
  test('begin as slots are free, and land when all have ended', async () => {
    const { begin, landed } = flights(limiter(1))
    const gate = Promise.withResolvers<void>()
    const log: string[] = []
    await begin(async () => {
      await gate.promise
      log.push('first landed')
    })
    const second = begin(async () => void log.push('second began')).then(() => log.push('second begun'))
    await Bun.sleep(1)
    expect(log).toEqual([])
    gate.resolve()
    await second
    await landed()
    expect(log).toEqual(['first landed', 'second began', 'second begun'])
  })

  test('after a failure nothing begins, and everybody hears of the first', async () => {
    const { begin, landed, check, failure } = flights(limiter(1))
    await begin(async () => {
      throw away
    })
    const ran: string[] = []
    await begin(async () => void ran.push('second'))
    for (const call of [landed, check]) expect(await faultOf(call)).toBe(away)
    expect([ran, failure()]).toEqual([[], away])
  })

  test('a failure ends those that are under way and those that wait for a slot, at once', async () => {
    const { begin, landed } = flights(limiter(2))
    const given: AbortSignal[] = []
    // As an encryptor that waits for the chunk that failed: it never answers.
    await begin((signal) => {
      given.push(signal)
      return new Promise(() => {})
    })
    const gate = Promise.withResolvers<void>()
    await begin(() => gate.promise.then(() => Promise.reject(away)))
    const third = begin(async () => {})
    const over = faultOf(landed)
    gate.resolve()
    await third
    expect([await over, given[0]?.reason]).toEqual([away, away])
  })

  test('an error that is no Fault is a callee that broke off', async () => {
    const { begin, landed } = flights(limiter(1))
    await begin(async () => {
      throw new TypeError('fetch failed')
    })
    expect(await faultOf(landed)).toMatchObject({ kind: 'unavailable', code: 'unreachable' })
  })

  test('once abandoned, nothing begins', async () => {
    const { begin, landed, abandon } = flights(limiter(1))
    abandon(away)
    abandon(new Fault('conflict', 'restarted', 'later'))
    const ran: string[] = []
    await begin(async () => void ran.push('one'))
    expect([await faultOf(landed), ran]).toEqual([away, []])
  })
})
