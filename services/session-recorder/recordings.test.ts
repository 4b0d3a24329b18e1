import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { NOW as POLICY_TIME, samplePolicy, signPolicy } from '#common/policy/fixture'
import { Fault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import { faultOf } from '#common/testing/faults'
import { noise } from '#common/testing/sample-session'
import { inPieces } from '#services/session-chunker/fixture'
import { OWNER, ownFolder } from '#services/session-encryptor/fixture'
import { GRACE, type Pipeline, type PipelineOptions, pipelineAt } from './fixture.ts'

const START = 1_760_000_000_000
const MIB = 1024 * 1024

let now = START
let root: string
let remove: () => void
let pipe: Pipeline

beforeEach(async () => {
  now = START
  ;({ root, remove } = ownFolder())
  pipe = await pipelineAt(root, { now: () => now })
})
afterEach(async () => {
  await pipe.stop()
  remove()
})

const start = async () => (await pipe.recorder.start({ owner: OWNER })).id
const stream = (id: string, offset: number, bytes: Uint8Array, end = true, whole = false) =>
  pipe.recorder.stream(id, { offset, end, whole }, inPieces(bytes))
const shape = (id: string) => ({ id, owner: OWNER, started_at: START })

/** A source that gives these bytes and then breaks off, as a process that is killed. */
async function* breaking(bytes: Uint8Array) {
  if (bytes.length > 0) yield bytes.slice()
  throw new Fault('invalid', 'cut-off', 'the sender went away before the end of the body')
}

describe('a recording', () => {
  test('goes through the whole pipeline to its anchor', async () => {
    const id = await start()
    expect(await pipe.recorder.get(id)).toEqual({
      ...shape(id),
      state: 'recording',
      received: 0,
      acknowledged: 0,
      chunks: 0,
      complete: false,
    })
    const bytes = noise(5000, 1)
    expect(await stream(id, 0, bytes)).toEqual({
      ...shape(id),
      state: 'ended',
      received: 5000,
      acknowledged: 5000,
      chunks: 5,
      complete: true,
    })
    expect(await pipe.until(id, 'anchored')).toMatchObject({
      chunk_count: 5,
      total_plain: 5000,
      complete: true,
      gaps: [],
    })
    expect(await pipe.plainOf(id)).toEqual(bytes)
    expect([...pipe.chain.jobs.keys()]).toEqual([id])
    expect(pipe.recorder.live()).toBe(0)
  })

  test('makes its session active while its source sends, and paused while it does not', async () => {
    const id = await start()
    expect(await pipe.session(id)).toMatchObject({ state: 'created' })
    const sent = Promise.withResolvers<void>()
    async function* slow() {
      yield noise(10, 1)
      await sent.promise
    }
    const fed = pipe.recorder.stream(id, { offset: 0, end: false }, slow())
    await pipe.until(id, 'active')
    sent.resolve()
    await fed
    expect(await pipe.session(id)).toMatchObject({ state: 'paused' })
  })

  test('may come in several streams, each from where the one before ended', async () => {
    const id = await start()
    const bytes = noise(3000, 1)
    expect(await stream(id, 0, bytes.subarray(0, 700), false)).toMatchObject({ state: 'recording', received: 700 })
    expect(await stream(id, 700, bytes.subarray(700, 2500), false)).toMatchObject({ received: 2500 })
    expect(await stream(id, 2500, bytes.subarray(2500))).toMatchObject({ state: 'ended', acknowledged: 3000 })
    expect(await pipe.plainOf(id)).toEqual(bytes)
  })

  test('that ended takes nothing more', async () => {
    const id = await start()
    await stream(id, 0, noise(10, 1))
    const ended = { kind: 'conflict', code: 'recording-ended', extra: { state: 'ended', acknowledged: 10 } }
    expect(await faultOf(() => stream(id, 10, noise(1, 1)))).toMatchObject(ended)
    expect(await faultOf(() => pipe.recorder.stop(id))).toMatchObject(ended)
    expect(await pipe.recorder.get(id)).toMatchObject({ state: 'ended', acknowledged: 10 })
  })

  test('of zero bytes is refused, which changes nothing; stopped, its session fails', async () => {
    const id = await start()
    const before = [await pipe.recorder.get(id), await pipe.session(id)]
    expect(await faultOf(() => stream(id, 0, new Uint8Array()))).toMatchObject({
      kind: 'invalid',
      code: 'empty-recording',
    })
    expect([await pipe.recorder.get(id), await pipe.session(id)]).toEqual(before)
    await pipe.recorder.stop(id, 'the input was empty')
    expect(await faultOf(() => pipe.until(id, 'anchored'))).toMatchObject({
      message: 'the session failed: nothing was recorded: no chunk was ever acknowledged',
    })
    expect(await pipe.recorder.get(id)).toMatchObject({ state: 'ended', complete: false })
  })

  test('that nobody started is missing', async () => {
    const id = crypto.randomUUID()
    for (const asked of [pipe.recorder.get, pipe.recorder.stop, (of: string) => stream(of, 0, noise(1, 1))])
      expect(await faultOf(() => asked(id))).toMatchObject({ kind: 'missing', code: 'no-such-recording' })
  })
})

describe('a source that comes back', () => {
  test('goes on from what is acknowledged', async () => {
    const id = await start()
    const bytes = noise(4000, 1)
    const cut = await faultOf(() =>
      pipe.recorder.stream(id, { offset: 0, end: true }, breaking(bytes.subarray(0, 2500))),
    )
    expect(cut).toMatchObject({ code: 'cut-off' })
    while ((await pipe.progress(id)).acknowledged < 1024) await Bun.sleep(1)
    const { acknowledged, state } = await pipe.recorder.get(id)
    expect(state).toBe('recording')
    now += 5000
    await stream(id, acknowledged, bytes.subarray(acknowledged), true, true)
    expect(await pipe.plainOf(id)).toEqual(bytes)
    expect(await pipe.until(id, 'anchored')).toMatchObject({ gaps: [] })
  })

  test('may go on from what was received, and nothing is sent twice', async () => {
    const id = await start()
    const bytes = noise(4000, 1)
    await faultOf(() => pipe.recorder.stream(id, { offset: 0, end: true }, breaking(bytes.subarray(0, 2500))))
    expect(await pipe.recorder.get(id)).toMatchObject({ received: 2500 })
    await stream(id, 2500, bytes.subarray(2500))
    expect(await pipe.plainOf(id)).toEqual(bytes)
  })

  test('at a wrong place is told the right ones, and what was received before it is kept', async () => {
    const id = await start()
    const bytes = noise(3000, 1)
    await stream(id, 0, bytes.subarray(0, 1500), false)
    for (const offset of [1, 1499, 1501, 3000])
      expect(await faultOf(() => stream(id, offset, noise(1, 1)))).toMatchObject({
        kind: 'conflict',
        code: 'offset-differs',
        message: expect.stringMatching(/^this recording stands at 1500, of which [01]/),
        extra: { received: 1500, acknowledged: expect.any(Number) },
      })
    expect(await pipe.recorder.get(id)).toMatchObject({ state: 'recording', received: 1500 })
    await stream(id, 1500, bytes.subarray(1500))
    expect(await pipe.plainOf(id)).toEqual(bytes)
  })

  test('that follows what it is told gets on, though more became durable since its last body', async () => {
    const id = await start()
    const bytes = noise(4000, 1)
    await faultOf(() => pipe.recorder.stream(id, { offset: 0, end: true }, breaking(bytes.subarray(0, 3500))))
    while ((await pipe.progress(id)).acknowledged < 2048) await Bun.sleep(1)
    const { received, acknowledged } = await pipe.recorder.get(id)
    expect({ received, acknowledged }).toEqual({ received: 3500, acknowledged: 2048 })
    await stream(id, acknowledged, bytes.subarray(acknowledged))
    expect(await pipe.plainOf(id)).toEqual(bytes)
  })

  test('is never told less than before, though the pipeline goes away after it said more', async () => {
    const id = await start()
    await faultOf(() => pipe.recorder.stream(id, { offset: 0, end: true }, breaking(noise(3500, 1))))
    while ((await pipe.progress(id)).acknowledged < 2048) await Bun.sleep(1)
    expect((await pipe.recorder.get(id)).acknowledged).toBe(2048)
    pipe.setAway(true)
    expect((await pipe.recorder.get(id)).acknowledged).toBe(2048)
    pipe.setAway(false)
  })

  test('at the right place, but gone before its first byte, costs nothing that was received', async () => {
    const id = await start()
    const bytes = noise(600, 1)
    await stream(id, 0, bytes.subarray(0, 500), false)
    const cut = () => pipe.recorder.stream(id, { offset: 0, end: true }, breaking(new Uint8Array()))
    expect(await faultOf(cut)).toMatchObject({ code: 'cut-off' })
    await stream(id, 500, bytes.subarray(500))
    expect(await pipe.plainOf(id)).toEqual(bytes)
  })

  test('finds a recorder that was restarted where the pipeline stands', async () => {
    const id = await start()
    const bytes = noise(4000, 1)
    await faultOf(() => pipe.recorder.stream(id, { offset: 0, end: true }, breaking(bytes.subarray(0, 2500))))
    const again = pipe.restartedRecorder()
    while ((await again.get(id)).acknowledged < 1024) await Bun.sleep(1)
    const { acknowledged, state } = await again.get(id)
    expect(state).toBe('recording')
    const rest = inPieces(bytes.subarray(acknowledged))
    await again.stream(id, { offset: acknowledged, end: true, whole: true }, rest)
    expect(await pipe.plainOf(id)).toEqual(bytes)
    expect(await pipe.until(id, 'anchored')).toMatchObject({ complete: true, gaps: [] })
  })

  test('finds a pipeline that was restarted, and need not know', async () => {
    await anew({ chunkSize: MIB })
    const id = await start()
    const bytes = noise(20 * MIB, 1)
    const half = Promise.withResolvers<void>()
    async function* slow() {
      yield bytes.slice(0, 9 * MIB)
      await half.promise
      yield bytes.slice(9 * MIB)
    }
    const fed = pipe.recorder.stream(id, { offset: 0, end: true }, slow())
    while ((await pipe.encryptor.sessions.progress(id)).chunk_count < 3) await Bun.sleep(2)
    await pipe.chunker.shut()
    half.resolve()
    await Bun.sleep(20)
    pipe.chunker.reopen()
    expect(await fed).toMatchObject({ state: 'ended', acknowledged: 20 * MIB, chunks: 20, complete: true })
    expect(Buffer.compare(await pipe.plainOf(id), bytes)).toBe(0)
  }, 60_000)
})

/** A source that gives these bytes and then neither a further one nor its end. */
const stalled = (bytes: Uint8Array) => {
  const waiting = Promise.withResolvers<void>()
  return {
    waiting: waiting.promise,
    body: async function* () {
      yield bytes.slice()
      waiting.resolve()
      await new Promise(() => {})
    },
  }
}

describe('two sources of one recording', () => {
  test('cannot both send: the second is refused, also in the same moment', async () => {
    const id = await start()
    const bytes = noise(3000, 1)
    const both = await Promise.all([1, 2].map(() => faultOf(() => stream(id, 0, bytes))))
    const refused = both.filter((outcome) => outcome !== 'no fault')
    expect(refused).toEqual([expect.objectContaining({ kind: 'conflict', code: 'stream-busy' })])
    expect(await pipe.plainOf(id)).toEqual(bytes)
  })

  test('a second one takes over where the first gives nothing for too long', async () => {
    const id = await start()
    const bytes = noise(3000, 1)
    const first = stalled(bytes.subarray(0, 1500))
    const cut = faultOf(() => pipe.recorder.stream(id, { offset: 0, end: true }, first.body()))
    await first.waiting
    now += 10_000
    expect(await faultOf(() => stream(id, 1500, bytes.subarray(1500)))).toMatchObject({ code: 'stream-busy' })
    now += 1
    expect(await stream(id, 1500, bytes.subarray(1500))).toMatchObject({ state: 'ended' })
    expect(await cut).toMatchObject({ code: 'cut-off' })
    expect(await pipe.plainOf(id)).toEqual(bytes)
    await pipe.until(id, 'anchored')
    expect((await pipe.manifest(id)).gaps).toEqual([{ at: 1, from: START, to: now, reason: 'the source was cut off' }])
  })
})

describe('a recording whose source is lost', () => {
  const lost = async (bytes: Uint8Array) => {
    const id = await start()
    await faultOf(() => pipe.recorder.stream(id, { offset: 0, end: true }, breaking(bytes)))
    return id
  }

  test('waits for it for the grace, then ends with a gap and all that was received', async () => {
    const bytes = noise(2500, 1)
    const id = await lost(bytes)
    now += GRACE
    await pipe.recorder.reconcile()
    expect(await pipe.recorder.get(id)).toMatchObject({ state: 'recording' })
    now += 1
    await pipe.recorder.reconcile()
    expect(await pipe.recorder.get(id)).toMatchObject({
      state: 'ended',
      acknowledged: 2500,
      chunks: 3,
      complete: false,
    })
    await pipe.until(id, 'anchored')
    const { gaps, chunk_count } = await pipe.manifest(id)
    expect({ gaps, chunk_count }).toEqual({
      gaps: [{ at: 3, from: expect.any(Number), to: now, reason: 'the source went away' }],
      chunk_count: 3,
    })
    expect(await pipe.plainOf(id)).toEqual(bytes)
  })

  test('keeps all that was received, also where more was durable than the recorder knew', async () => {
    const id = await start()
    const bytes = noise(2500, 1)
    await stream(id, 0, bytes, false)
    // What the chunker is sent is answered before it is durable; meanwhile all of it may have become so.
    await pipe.sendToChunker(id, 0, bytes)
    while ((await pipe.encryptor.sessions.progress(id)).chunk_count < 2) await Bun.sleep(1)
    expect(await pipe.recorder.stop(id)).toMatchObject({ state: 'ended', acknowledged: 2500, chunks: 3 })
    expect(await pipe.plainOf(id)).toEqual(bytes)
  })

  test('has the whole grace again after the store of the recorder was away', async () => {
    const bytes = noise(2500, 1)
    const id = await start()
    await pipe.sendToChunker(id, 0, bytes)
    let store: 'there' | 'away' | 'slow' = 'there'
    const mortal = (kept: Store): Store => ({
      ...kept,
      collection: (declaration) => ({
        ...kept.collection(declaration),
        find: async (query) => {
          if (store === 'away') throw new Fault('unavailable', 'store-away', 'the database does not answer')
          if (store === 'slow') now += 3_000
          return kept.collection(declaration).find(query)
        },
      }),
    })
    const again = pipe.restartedRecorder(mortal)
    for (const state of ['away', 'slow'] as const) {
      now += GRACE
      store = state
      await again.reconcile().catch(() => {})
      store = 'there'
      now += GRACE
      await again.reconcile()
      expect(await again.get(id)).toMatchObject({ state: 'recording' })
    }
    now += 1
    await again.reconcile()
    expect(await again.get(id)).toMatchObject({ state: 'ended', complete: false })
  })

  test('has the whole grace again after the recorder was restarted', async () => {
    const bytes = noise(2500, 1)
    const id = await start()
    await pipe.sendToChunker(id, 0, bytes)
    now += 10 * GRACE
    const again = pipe.restartedRecorder()
    await again.reconcile()
    expect(await again.get(id)).toMatchObject({ state: 'recording' })
    now += GRACE + 1
    await again.reconcile()
    expect(await again.get(id)).toMatchObject({ state: 'ended', complete: false })
    await pipe.until(id, 'anchored')
    expect((await pipe.manifest(id)).gaps.length).toBe(1)
    expect(await pipe.plainOf(id)).toEqual(bytes)
  })

  test('is not ended while its source sends, however long that takes', async () => {
    const id = await start()
    const sent = Promise.withResolvers<void>()
    async function* slow() {
      yield noise(10, 1)
      await sent.promise
    }
    const fed = pipe.recorder.stream(id, { offset: 0, end: true }, slow())
    await pipe.until(id, 'active')
    now += 100 * GRACE
    await pipe.recorder.reconcile()
    expect(await pipe.recorder.get(id)).toMatchObject({ state: 'recording' })
    sent.resolve()
    expect(await fed).toMatchObject({ state: 'ended', complete: true })
  })

  test('waits until the pipeline is there to end it, and loses nothing meanwhile', async () => {
    const bytes = noise(2500, 1)
    const id = await lost(bytes)
    await pipe.chunker.shut()
    now += GRACE + 1
    await pipe.recorder.reconcile()
    expect(await faultOf(() => pipe.recorder.stop(id))).toMatchObject({ kind: 'unavailable' })
    pipe.chunker.reopen()
    await pipe.recorder.reconcile()
    expect(await pipe.recorder.get(id)).toMatchObject({ state: 'ended', acknowledged: 2500 })
    expect(await pipe.plainOf(id)).toEqual(bytes)
  })

  test('and said that more may follow waits longer than one that was cut off, also over a restart', async () => {
    await pipe.stop()
    pipe = await pipelineAt(root, { now: () => now, pauseGrace: 10 * GRACE })
    const id = await start()
    await stream(id, 0, noise(2500, 1), false, true)
    now += 9 * GRACE
    await pipe.recorder.reconcile()
    const again = pipe.restartedRecorder()
    await again.reconcile()
    now += 9 * GRACE
    await again.reconcile()
    expect(await again.get(id)).toMatchObject({ state: 'recording' })
    now += 2 * GRACE
    await again.reconcile()
    expect(await again.get(id)).toMatchObject({ state: 'ended', complete: false })
  })

  test('and of which no byte came fails', async () => {
    const id = await start()
    now += GRACE + 1
    await pipe.recorder.reconcile()
    expect(await faultOf(() => pipe.until(id, 'anchored'))).toMatchObject({
      message: 'the session failed: nothing was recorded: no chunk was ever acknowledged',
    })
  })
})

describe('a recording that is stopped', () => {
  test('is kept as far as it came, with a gap that says so', async () => {
    const id = await start()
    const bytes = noise(1500, 1)
    await stream(id, 0, bytes, false)
    expect(await pipe.recorder.stop(id)).toMatchObject({
      state: 'ended',
      acknowledged: 1500,
      chunks: 2,
      complete: false,
    })
    await pipe.until(id, 'anchored')
    expect((await pipe.manifest(id)).gaps).toMatchObject([{ at: 2, reason: 'stopped before its source ended' }])
    expect(await pipe.plainOf(id)).toEqual(bytes)
  })

  test('while its source has stalled ends at once: all that was received is kept', async () => {
    const id = await start()
    const bytes = noise(2500, 1)
    const source = stalled(bytes)
    const cut = faultOf(() => pipe.recorder.stream(id, { offset: 0, end: true }, source.body()))
    await source.waiting
    now += 5000
    expect(await pipe.recorder.stop(id)).toMatchObject({ state: 'ended', acknowledged: 2500 })
    expect(await cut).toMatchObject({ code: 'recording-ended' })
    await pipe.until(id, 'anchored')
    expect((await pipe.manifest(id)).gaps).toEqual([
      { at: 3, from: START, to: now, reason: 'stopped before its source ended' },
    ])
    expect(await pipe.plainOf(id)).toEqual(bytes)
  })

  test('is refused while its source is at its end, which then stands', async () => {
    const id = await start()
    const stop = Promise.withResolvers<unknown>()
    async function* whole() {
      yield noise(1500, 1)
      await pipe.chunker.shut()
      queueMicrotask(() => setImmediate(() => stop.resolve(faultOf(() => pipe.recorder.stop(id)))))
    }
    const fed = pipe.recorder.stream(id, { offset: 0, end: true }, whole())
    expect(await stop.promise).toMatchObject({ code: 'stream-busy' })
    pipe.chunker.reopen()
    expect(await fed).toMatchObject({ state: 'ended', complete: true })
  })

  test('was sealed by somebody else before: it ends as it stands', async () => {
    const id = await start()
    await stream(id, 0, noise(1500, 1), false)
    await pipe.encryptor.sessions.seal(id)
    expect(await pipe.recorder.stop(id)).toMatchObject({ state: 'ended', complete: false })
  })
})

test('a recording whose session was voided takes nothing more, and ends also while its source is quiet', async () => {
  const [id, quiet] = [await start(), await start()]
  await stream(id, 0, noise(2048, 1), false)
  const stalled = Promise.withResolvers<void>()
  async function* pausing() {
    yield noise(1024, 2)
    await stalled.promise
  }
  const ended = faultOf(() => pipe.recorder.stream(quiet, { offset: 0, end: true }, pausing()))
  await pipe.until(quiet, 'active')
  for (const one of [id, quiet]) await pipe.voidSession(one)
  while (!(await pipe.encryptor.sessions.progress(id)).sealed) await Bun.sleep(1)
  expect(await faultOf(() => stream(id, 2048, noise(2048, 3)))).toMatchObject({ code: 'sealed' })
  now += 60_001
  await pipe.recorder.reconcile()
  expect(await ended).toMatchObject({ code: 'recording-ended' })
  expect(await pipe.recorder.get(quiet)).toMatchObject({ state: 'ended', complete: false })
  expect(await pipe.session(quiet)).toMatchObject({ state: 'voided', error: 'a breach' })
  stalled.resolve()
})

test('a recording is started with the policy that its owner signed, or not at all', async () => {
  const signed = signPolicy(samplePolicy())
  now = POLICY_TIME
  const { id } = await pipe.recorder.start({ owner: signed.snapshot.owner, policy: signed })
  expect((await pipe.session(id)).policy?.approvers).toEqual(signed.snapshot.approvers)
  expect(await faultOf(() => pipe.recorder.start({ owner: OWNER, policy: signed }))).toMatchObject({
    code: 'policy-owner',
  })
})

test('a recording that the recorder cannot keep leaves no session that waits for ever', async () => {
  const full = new Fault('unavailable', 'store-full', 'the disk is full')
  const broken = pipe.restartedRecorder((store) => ({
    ...store,
    collection: (declaration) => ({ ...store.collection(declaration), insert: () => Promise.reject(full) }),
  }))
  expect(await faultOf(() => broken.start({ owner: OWNER }))).toBe(full)
  const [session] = await pipe.sessions()
  expect(await faultOf(() => pipe.until(session?.id ?? 'none', 'anchored'))).toMatchObject({
    message: 'the session failed: nothing was recorded: no chunk was ever acknowledged',
  })
})

describe('an orchestrator that is away', () => {
  test('is told of the end as soon as it is back', async () => {
    const id = await start()
    async function* thenAway() {
      yield noise(1500, 1)
      await pipe.orchestrator.shut()
    }
    const fed = await pipe.recorder.stream(id, { offset: 0, end: true }, thenAway())
    expect(fed).toMatchObject({ state: 'ending', acknowledged: 1500, complete: true })
    await pipe.recorder.reconcile()
    expect(await pipe.recorder.get(id)).toMatchObject({ state: 'ending' })
    pipe.orchestrator.reopen()
    await pipe.recorder.reconcile()
    expect(await pipe.recorder.get(id)).toMatchObject({ state: 'ended' })
    expect(await pipe.until(id, 'anchored')).toMatchObject({ complete: true })
    expect(pipe.chain.jobs.size).toBe(1)
  })

  test('is told also by a recorder that was restarted meanwhile, and once', async () => {
    const id = await start()
    async function* thenAway() {
      yield noise(1500, 1)
      await pipe.orchestrator.shut()
    }
    await pipe.recorder.stream(id, { offset: 0, end: true }, thenAway())
    pipe.orchestrator.reopen()
    const again = pipe.restartedRecorder()
    await again.reconcile()
    await again.reconcile()
    await pipe.recorder.reconcile()
    await pipe.until(id, 'anchored')
    expect(pipe.chain.jobs.size).toBe(1)
  })

  test('hears of each gap as soon as the source is back, not only at the end', async () => {
    const id = await start()
    await faultOf(() => pipe.recorder.stream(id, { offset: 0, end: true }, breaking(noise(1500, 1))))
    now += 5000
    await stream(id, 1500, noise(10, 1), false)
    const told = (await pipe.sessionDoc(id))?.stream_gaps
    expect(told).toEqual([{ offset: 1500, from: START, to: now, reason: 'the source was cut off' }])
  })

  test('starts no recording: nothing is taken that could not be kept', async () => {
    await pipe.orchestrator.shut()
    expect(await faultOf(start)).toMatchObject({ kind: 'unavailable', code: 'unreachable' })
    expect(await pipe.recorder.list()).toEqual([])
  })
})

/** The pipeline anew, for tests that need another one. */
const anew = async (options: PipelineOptions) => {
  await pipe.stop()
  remove()
  ;({ root, remove } = ownFolder())
  pipe = await pipelineAt(root, { now: () => now, ...options })
}

test('on a full disk no recording begins', async () => {
  await anew({ encryptor: { freeBytesKept: Number.MAX_SAFE_INTEGER } })
  expect(await faultOf(start)).toMatchObject({ kind: 'unavailable', code: 'disk-full' })
  expect(await pipe.recorder.list()).toEqual([])
})

test('a recording that gave up on a pipeline goes on from what is acknowledged, not from what it received', async () => {
  await anew({ chunkSize: MIB })
  const id = await start()
  const bytes = noise(9 * MIB, 1)
  await pipe.chunker.shut()
  expect(await faultOf(() => stream(id, 0, bytes))).toMatchObject({ code: 'unreachable' })
  pipe.chunker.reopen()
  expect(await faultOf(() => stream(id, 9 * MIB, noise(1, 1)))).toMatchObject({
    code: 'offset-differs',
    extra: { acknowledged: 0 },
  })
  expect(await stream(id, 0, bytes)).toMatchObject({ state: 'ended', acknowledged: 9 * MIB })
  expect(Buffer.compare(await pipe.plainOf(id), bytes)).toBe(0)
}, 60_000)

test('a recording that goes on for long is made known again and again', async () => {
  const id = await start()
  const sent = Promise.withResolvers<void>()
  async function* slow() {
    yield noise(10, 1)
    await sent.promise
  }
  const fed = pipe.recorder.stream(id, { offset: 0, end: true }, slow())
  await pipe.until(id, 'active')
  for (let minute = 0; minute < 600; minute += 2) {
    now += 120_000
    await pipe.recorder.reconcile()
  }
  expect(await pipe.sweepSessions(8 * 3_600_000)).toEqual([])
  sent.resolve()
  await fed
})

test('recordings are listed, the newest first', async () => {
  const ids = []
  for (let i = 0; i < 3; i++) {
    now++
    ids.push(await start())
  }
  expect((await pipe.recorder.list()).map(({ id }) => id)).toEqual(ids.toReversed())
})
