import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { concat } from './bytes.ts'
import { type Segment, type Window, window } from './window.ts'

const SIZE = 8
const piecesOf = (segments: readonly Segment[]) => [...concat(...segments.map(({ bytes }) => bytes))]

/** The measure: everything that was pushed, and where segments begin. */
type Model = {
  readonly start: number
  readonly all: number[]
  /** First byte of every segment that was given out and is not wholly acknowledged, then the end of the last. */
  begins: number[]
  given: number
}
type Command = fc.Command<Model, Window>

const took = (model: Model, segments: readonly Segment[]) => {
  for (const { offset, bytes } of segments) {
    expect(offset).toBe(model.given)
    expect([...bytes]).toEqual(model.all.slice(offset - model.start, offset - model.start + bytes.length))
    model.begins.push(offset)
    model.given += bytes.length
  }
}

const push = (bytes: Uint8Array): Command => ({
  check: () => true,
  run: (model, real) => {
    model.all.push(...bytes)
    took(model, [...real.push(bytes)])
    expect(real.received()).toBe(model.start + model.all.length)
    expect(real.received() - model.given).toBeLessThan(SIZE)
  },
  toString: () => `push(${bytes.length})`,
})

const flush: Command = {
  check: () => true,
  run: (model, real) => {
    const tail = real.flush()
    const waiting = model.start + model.all.length - model.given
    expect(tail?.bytes.length ?? 0).toBe(waiting)
    if (tail) took(model, [tail])
  },
  toString: () => 'flush',
}

const acknowledge = (share: number): Command => ({
  check: () => true,
  run: (model, real) => {
    const offset = model.start + Math.floor(share * (model.given - model.start))
    real.acknowledge(offset)
    const ends = [...model.begins.slice(1), model.given]
    model.begins = model.begins.filter((_, i) => (ends[i] ?? 0) > offset)
  },
  toString: () => `acknowledge(${share})`,
})

const from = (share: number): Command => ({
  check: () => true,
  run: (model, real) => {
    const offset = model.start + Math.floor(share * (model.all.length + 2))
    const segments = real.from(offset)
    const isKept = offset === model.given || (offset >= (model.begins[0] ?? model.given) && offset < model.given)
    if (!isKept) return expect(segments).toBeUndefined()
    const shown = segments ?? []
    let next = offset
    for (const segment of shown) {
      expect(segment.offset).toBe(next)
      next += segment.bytes.length
    }
    expect(next).toBe(model.given)
    expect(piecesOf(shown)).toEqual(model.all.slice(offset - model.start, model.given - model.start))
  },
  toString: () => `from(${share})`,
})

const share = fc.double({ min: 0, max: 1, noNaN: true })
const commands = fc.commands(
  [fc.uint8Array({ maxLength: 3 * SIZE }).map(push), fc.constant(flush), share.map(acknowledge), share.map(from)],
  { maxCommands: 60 },
)

describe('the window', () => {
  test('gives out, keeps and forgets exactly what a plain buffer says, whatever the order', () => {
    fc.assert(
      fc.property(commands, fc.nat(1000), (some, start) => {
        fc.modelRun(() => ({ model: { start, all: [], begins: [], given: start }, real: window(start, SIZE) }), some)
      }),
      { numRuns: 300 },
    )
  })

  test('a long stream that is acknowledged as it goes lives in a few buffers', () => {
    const kept = window(0, SIZE)
    const buffers = new Set<ArrayBufferLike>()
    for (let i = 0; i < 1000; i++)
      for (const { offset, bytes } of kept.push(new Uint8Array(SIZE / 2))) {
        buffers.add(bytes.buffer)
        kept.acknowledge(offset + bytes.length)
      }
    expect(buffers.size).toBeLessThanOrEqual(2)
    expect(kept.from(0)).toBeUndefined()
  })

  test('what is not acknowledged outlives the buffers of what is', () => {
    const kept = window(0, SIZE)
    const [first] = [...kept.push(new Uint8Array(SIZE).fill(1))]
    const [second] = [...kept.push(new Uint8Array(SIZE).fill(2))]
    kept.acknowledge(SIZE)
    expect([...kept.push(new Uint8Array(SIZE).fill(3))][0]?.bytes.buffer).toBe(first?.bytes.buffer)
    expect(piecesOf(kept.from(SIZE) ?? [])).toEqual([...Array(SIZE).fill(2), ...Array(SIZE).fill(3)])
    expect(second?.offset).toBe(SIZE)
  })

  test('keeps a copy: the sender may use its memory again', () => {
    const kept = window(0, SIZE)
    const piece = new Uint8Array(SIZE).fill(7)
    const [segment] = [...kept.push(piece)]
    piece.fill(0)
    expect([...(segment?.bytes ?? [])]).toEqual(Array(SIZE).fill(7))
  })

  test('drop frees everything', () => {
    const kept = window(0, SIZE)
    const [segment] = [...kept.push(new Uint8Array(SIZE + 3))]
    kept.drop()
    expect([segment?.bytes.buffer.byteLength, kept.from(0), kept.flush()]).toEqual([0, undefined, undefined])
  })
})
