import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test'
import { Fault } from '#common/process/fault'
import { noise } from '#common/testing/sample-session'
import { inPieces } from '#services/session-chunker/fixture'
import { OWNER, ownFolder } from '#services/session-encryptor/fixture'
import { GRACE, type Pipeline, pipelineAt } from './fixture.ts'

// Nothing here is timed: only a hang fails.
setDefaultTimeout(60_000)

const HOUR = 3_600_000

/** Time passes by `pass`; the clock alone moves by `set`. */
let passed = 0
let offset = 1_760_000_000_000
const pass = (ms: number) => {
  passed += ms
}
const set = (ms: number) => {
  offset += ms
}

const own = ownFolder()
let pipe: Pipeline
beforeEach(async () => {
  pipe = await pipelineAt(own.root, { now: () => offset + passed, steady: () => passed })
})
afterEach(async () => {
  await pipe.stop()
  own.remove()
})

const isWaiting = async (id: string) => {
  await pipe.recorder.reconcile()
  return (await pipe.recorder.get(id)).state === 'recording'
}

/** A recording whose source gave bytes and was cut off. */
const withLostSource = async () => {
  const { id } = await pipe.recorder.start({ owner: OWNER })
  async function* cut() {
    yield noise(3000, 1)
    throw new Fault('invalid', 'cut-off', 'the sender went away before the end of the body')
  }
  await pipe.recorder.stream(id, { offset: 0, end: true }, cut()).catch(() => {})
  return id
}

test.each([-HOUR, -10 * 60_000, HOUR, 365 * 24 * HOUR])(
  'a clock that is set by %i ms takes no source its grace, and gives none more than one further',
  async (step) => {
    const id = await withLostSource()
    pass(GRACE - 1)
    expect(await isWaiting(id)).toBe(true)
    set(step)
    expect(await isWaiting(id)).toBe(true)
    pass(GRACE)
    expect(await isWaiting(id)).toBe(true)
    pass(1)
    expect(await isWaiting(id)).toBe(false)
    expect(await pipe.until(id, 'anchored')).toMatchObject({ state: 'anchored', complete: false })
  },
)

test.each([-HOUR, HOUR])('a recording over which the clock is set by %i ms is sealed whole', async (step) => {
  const { id } = await pipe.recorder.start({ owner: OWNER })
  async function* source() {
    yield noise(3000, 1)
    set(step)
    yield noise(3000, 2)
  }
  await pipe.recorder.stream(id, { offset: 0, end: true }, source())
  const { started_at, ended_at } = await pipe.until(id, 'anchored')
  expect(ended_at).toBeGreaterThanOrEqual(started_at)
})

test('a source that resumes after the clock was set back leaves a gap that the manifest can state', async () => {
  const id = await withLostSource()
  pass(10_000)
  set(-HOUR)
  while ((await pipe.progress(id)).acknowledged < 1024) await Bun.sleep(1)
  const { acknowledged } = await pipe.recorder.get(id)
  await pipe.recorder.stream(id, { offset: acknowledged, end: true }, inPieces(noise(3000, 1).subarray(acknowledged)))
  const { started_at, ended_at = 0, gaps } = await pipe.until(id, 'anchored')
  for (const { from, to } of gaps) expect([started_at <= from, from <= to, to <= ended_at]).toEqual([true, true, true])
})
