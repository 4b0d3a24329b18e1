import { afterEach, beforeEach, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Gap } from '#common/evidence/manifest'
import { Fault, isFault } from '#common/process/fault'
import { noise } from '#common/testing/sample-session'
import { OWNER, ownFolder } from '#services/session-encryptor/fixture'
import { GRACE, type Pipeline, pipelineAt } from './fixture.ts'

const START = 1_760_000_000_000
const SIZE = 1024
const CONTENT = noise(60 * SIZE, 1)

let now = START
let pipe: Pipeline
let remove: () => void
beforeEach(async () => {
  now = START
  const own = ownFolder()
  remove = own.remove
  pipe = await pipelineAt(own.root, { now: () => now, encryptor: { now: () => now } })
})
afterEach(async () => {
  await pipe.stop()
  remove()
})

/** Pieces of bytes, each some time after the one before; then the source is quiet, and ends its body or is cut off. */
type Body = {
  readonly pieces: readonly { readonly size: number; readonly after: number }[]
  readonly quiet: number
  readonly isCut: boolean
}

async function* sending(offset: number, { pieces, quiet, isCut }: Body) {
  let at = offset
  for (const { size, after } of pieces) {
    now += after
    yield CONTENT.slice(at, at + size)
    at += size
  }
  now += quiet
  if (isCut) throw new Fault('invalid', 'cut-off', 'the sender went away before the end of the body')
}

/**
 * What a recording must be, told from its source: when each byte that it holds came, and what is missing between. Of
 * the pipeline it knows how far bytes come: the recorder sends whole segments, the chunker keeps the last chunk back.
 */
const model = () => {
  const came: number[] = []
  let gaps: { readonly offset: number; readonly from: number; readonly to: number }[] = []
  let [held, durable] = [0, 0]
  let isRecorderNew = false
  let left = { at: START, isCut: false }
  const from = (offset: number) => came[offset - 1] ?? START
  return {
    came,
    durable: () => durable,
    isRecorderNew: () => isRecorderNew,
    send: (offset: number, whole: boolean, body: Body, openedAt: number) => {
      let at = openedAt
      const isAway = isRecorderNew || left.isCut || offset < came.length || openedAt - left.at >= 1000
      const first = body.pieces[0]
      if (first === undefined) return
      if (isAway && !whole)
        gaps = [
          ...gaps.filter((gap) => gap.offset < offset),
          { offset, from: from(offset), to: openedAt + first.after },
        ]
      if (offset < came.length || isRecorderNew) held = durable
      came.length = offset
      for (const { size, after } of body.pieces) {
        at += after
        came.push(...Array(size).fill(at))
      }
      const full = Math.floor(came.length / SIZE) * SIZE
      if (full > Math.floor(offset / SIZE) * SIZE) held = full
      durable = Math.max(durable, held - SIZE)
      left = { at: at + body.quiet, isCut: body.isCut }
      isRecorderNew = false
    },
    killRecorder: () => {
      came.length = Math.max(held, durable)
      isRecorderNew = true
    },
    killChunker: () => {
      held = durable
      if (isRecorderNew) came.length = durable
    },
    /** The gaps of the manifest, with that of an end at `endedAt` unless the recording is complete. */
    gaps: (complete: boolean, endedAt: number) => [
      ...gaps
        .filter(({ offset }) => offset < came.length)
        .map(({ offset, ...gap }) => ({ at: Math.floor(offset / SIZE), ...gap })),
      ...(complete ? [] : [{ at: Math.ceil(came.length / SIZE), from: from(came.length), to: endedAt }]),
    ],
  }
}

const wait = fc.constantFrom(0, 400, 3_000, 62_000)
const body: fc.Arbitrary<Body> = fc.record({
  pieces: fc.array(
    fc.record({ size: fc.constantFrom(1, 300, SIZE, 2 * SIZE + 5), after: fc.constantFrom(0, 60, 5_000) }),
    { maxLength: 3 },
  ),
  quiet: fc.constantFrom(0, 700, 30_000),
  isCut: fc.boolean(),
})
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('send' as const), body, whole: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'kill recorder' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'kill chunker' as const }) },
)
const script = fc.record({
  steps: fc.array(fc.tuple(wait, step), { minLength: 1, maxLength: 6 }),
  end: fc.constantFrom('stop', 'grace', 'complete'),
  before: wait,
})

test('no recorded second is in a gap and no missing second outside one, whatever dies and comes back', async () => {
  await fc.assert(
    fc.asyncProperty(script, async ({ steps, end, before }) => {
      now = START
      let recorder = pipe.restartedRecorder()
      const { id } = await recorder.start({ owner: OWNER })
      const expected = model()
      const settled = async () => {
        while ((await pipe.progress(id)).acknowledged < expected.durable()) await Bun.sleep(1)
      }

      for (const [after, one] of steps) {
        now += after
        if (one.kind === 'kill recorder') {
          recorder = pipe.restartedRecorder()
          expected.killRecorder()
        } else if (one.kind === 'kill chunker') {
          await pipe.chunker.shut()
          pipe.chunker.reopen()
          expected.killChunker()
        } else {
          // A source that was told nothing goes on from what it gave; one of a new recorder from what is durable.
          const offset = expected.isRecorderNew() ? expected.durable() : expected.came.length
          const openedAt = now
          const query = { offset, end: false, whole: one.whole }
          await recorder.stream(id, query, sending(offset, one.body)).catch((error) => {
            if (!isFault(error, 'cut-off')) throw error
          })
          expected.send(offset, one.whole, one.body, openedAt)
          await settled()
        }
      }

      now += before
      const isLost = expected.came.length === 0
      const canEnd = !expected.isRecorderNew() && !isLost
      let endedAt = now
      if (end === 'complete' && canEnd) {
        const offset = expected.came.length
        const last: Body = { pieces: [{ size: 10, after: 0 }], quiet: 400, isCut: false }
        await recorder.stream(id, { offset, end: true, whole: true }, sending(offset, last))
        expected.send(offset, true, last, endedAt)
        endedAt = now
      } else if (end === 'grace') {
        now += GRACE + 1
        endedAt = now
        await recorder.reconcile()
      } else await recorder.stop(id)

      // The orchestrator hears of it later; that is not when it ended.
      now += 5_000
      if (isLost) return void (await pipe.until(id, 'failed'))
      await pipe.until(id, 'anchored')
      const { gaps, ended_at, total_plain } = await pipe.manifest(id)
      const isComplete = end === 'complete' && canEnd
      expect({ total_plain, ended_at, gaps: gaps.map(({ reason: _, ...gap }: Gap) => gap) }).toEqual({
        total_plain: expected.came.length,
        ended_at: endedAt,
        gaps: expected.gaps(isComplete, endedAt),
      })
      expect(await pipe.plainOf(id)).toEqual(CONTENT.slice(0, total_plain))
    }),
    { numRuns: 400 },
  )
}, 300_000)
