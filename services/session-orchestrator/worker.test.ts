import { describe, expect, test } from 'bun:test'
import type { State } from '#common/http/session-view'
import { Fault } from '#common/process/fault'
import { silentLog } from '#common/process/log'
import { worker } from './worker.ts'

/** A worker over a script of answers, one a call; a Fault is thrown. Pauses are noted and not waited for. */
const scripted = (script: readonly (State | Fault)[]) => {
  const over = Promise.withResolvers<void>()
  const pauses: number[] = []
  let calls = 0
  const work = worker({
    log: { ...silentLog, info: () => over.resolve() },
    pause: async (ms) => {
      pauses.push(ms)
    },
    finish: async () => {
      const next = script[calls++]
      if (next instanceof Fault) throw next
      return next ?? 'failed'
    },
  })
  return { work, over: over.promise, pauses, calls: () => calls }
}
const away = new Fault('unavailable', 'unreachable', 'session-encryptor cannot be reached')

describe('the worker', () => {
  test('drives a session until nothing is left to do', async () => {
    const { work, over, calls } = scripted(['anchoring', 'anchoring', 'anchored'])
    work.kick('s')
    expect(work.inWork()).toBe(1)
    await over
    await Bun.sleep(0)
    expect({ calls: calls(), inWork: work.inWork() }).toEqual({ calls: 3, inWork: 0 })
  })

  test('rides over failures with pauses that grow to a limit', async () => {
    const { work, over, pauses } = scripted([...Array(8).fill(away), 'anchored'])
    work.kick('s')
    await over
    expect(pauses).toEqual([100, 200, 400, 800, 1600, 2000, 2000, 2000])
  })

  test('asks a slow chain less and less often, and afresh after each step', async () => {
    const { work, over, pauses } = scripted(['finalizing', 'anchoring', 'anchoring', 'anchoring', 'anchored'])
    work.kick('s')
    await over
    expect(pauses).toEqual([50, 50, 75, 112.5])
  })

  test('works on a session once at a time', async () => {
    let running = 0
    let most = 0
    const over = Promise.withResolvers<void>()
    let calls = 0
    const work = worker({
      log: silentLog,
      pause: async () => {},
      finish: async () => {
        most = Math.max(most, ++running)
        await Bun.sleep(1)
        running--
        if (++calls === 5) over.resolve()
        return calls < 5 ? 'anchoring' : 'anchored'
      },
    })
    for (let i = 0; i < 3; i++) work.kick('s')
    await over.promise
    expect(most).toBe(1)
  })

  test('does not miss a session that became ready while it was about to let go of it', async () => {
    const looked = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const anchored = Promise.withResolvers<void>()
    let state: State = 'active'
    const work = worker({
      log: silentLog,
      pause: async () => {},
      finish: async () => {
        const seen = state
        looked.resolve()
        await goOn.promise
        if (seen === 'finalizing') {
          anchored.resolve()
          return 'anchored'
        }
        return seen
      },
    })
    work.kick('s')
    await looked.promise
    state = 'finalizing'
    work.kick('s')
    goOn.resolve()
    await anchored.promise
    work.stop()
  })

  test('stops when it is told to, whatever is left to do', async () => {
    let calls = 0
    const paused = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const work = worker({
      log: silentLog,
      pause: () => {
        paused.resolve()
        return goOn.promise
      },
      finish: async () => {
        calls++
        return 'anchoring'
      },
    })
    work.kick('s')
    await paused.promise
    work.stop()
    goOn.resolve()
    while (work.inWork() > 0) await Bun.sleep(0)
    expect(calls).toBe(1)
  })
})
