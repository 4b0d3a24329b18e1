import { expect, test } from 'bun:test'
import { clockSteps } from '#common/process/clock'
import { silentLog } from '#common/process/log'
import { sqliteStore } from '#common/store/sqlite'
import { countedRandom, OWNER } from '#services/session-encryptor/fixture'
import { sessions } from './sessions.ts'
import { sweepSessions } from './sweep.ts'

const HOUR = 3_600_000
const AFTER = 8 * HOUR

/** The life of one session under a clock that can be set. */
const lifeOf = async () => {
  let passed = 0
  let offset = 1_760_000_000_000
  const clocks = { now: () => offset + passed, steady: () => passed }
  const store = sqliteStore({ path: ':memory:' })
  const all = sessions({
    store,
    signingKey: new Uint8Array(32),
    random: countedRandom(),
    now: clocks.now,
    newId: () => crypto.randomUUID(),
    openKey: async () => {},
    chunkSize: 8 * 1024 * 1024,
    maxActive: 10,
  })
  const parts = {
    store,
    sessions: all,
    worker: { kick: () => {} },
    log: silentLog,
    expireAfter: AFTER,
    clockStep: clockSteps(clocks),
  }
  const { id } = await all.create({ owner: OWNER, recorder_version: 'lucid/1', device_fingerprint: '00'.repeat(32) })
  return {
    pass: (ms: number) => {
      passed += ms
    },
    set: (ms: number) => {
      offset += ms
    },
    restart: () => {
      Object.assign(parts, { clockStep: clockSteps(clocks) })
    },
    sweep: async () => {
      await sweepSessions(parts)
      return (await all.get(id)).state
    },
  }
}

test('a session that nobody uses expires after its time', async () => {
  const { pass, sweep } = await lifeOf()
  pass(AFTER)
  expect(await sweep()).toBe('created')
  pass(1)
  expect(await sweep()).toBe('expired')
})

test.each([-HOUR, HOUR, 365 * 24 * HOUR, -365 * 24 * HOUR])(
  'a clock that is set by %i ms ends no session early, and keeps none for ever',
  async (step) => {
    const { pass, set, sweep } = await lifeOf()
    pass(AFTER - 1)
    expect(await sweep()).toBe('created')
    set(step)
    expect(await sweep()).toBe('created')
    pass(AFTER)
    expect(await sweep()).toBe('created')
    pass(1)
    expect(await sweep()).toBe('expired')
  },
)

test('a clock that was set back while nobody looked keeps a session no longer than its time', async () => {
  const { pass, set, restart, sweep } = await lifeOf()
  set(-365 * 24 * HOUR)
  restart()
  expect(await sweep()).toBe('created')
  pass(AFTER + 1)
  expect(await sweep()).toBe('expired')
})
