import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Fault } from '#common/process/fault'
import { equalBytes } from '#common/stream/bytes'
import { faultOf } from '#common/testing/faults'
import type { End, StreamPosition } from './delivery.ts'
import { feed } from './feed.ts'

const MIB = 1024 * 1024
const SEGMENT = 8 * MIB
const NOW = 1_760_000_000_000

/** Bytes that tell where they stand, so that a shift of one byte shows. */
const stream = (length: number) => {
  const bytes = new Uint8Array(length)
  const words = new Uint32Array(bytes.buffer, 0, length >> 2)
  for (let at = 0; at < words.length; at++) words[at] = at * 2_654_435_761
  return bytes
}

const zero: StreamPosition = { received: 0, acknowledged: 0, chunk_count: 0, complete: false }

/**
 * A pipeline that is a function of its calls: it keeps chunks of `size`, acknowledges all but the last whole
 * one, and fails where the script says so: before it took a body, or after, with its answer lost.
 */
const pipeline = (total: number, size: number, script: readonly ('before' | 'after' | 'lost memory' | 'fine')[]) => {
  const taken = new Uint8Array(total)
  let received = 0
  let durable = 0
  let over = false
  let calls = 0
  const away = new Fault('unavailable', 'unreachable', 'session-chunker cannot be reached')
  const state = (): StreamPosition => ({
    received,
    acknowledged: durable,
    chunk_count: Math.ceil(durable / size),
    complete: over,
  })
  const send = async (offset: number, end: End, bytes?: Uint8Array, _?: number): Promise<StreamPosition> => {
    const fate = script[calls++] ?? 'fine'
    if (fate === 'before') throw away
    if (fate === 'lost memory') {
      received = durable
      throw away
    }
    if (over) return state()
    if (offset === durable) received = durable
    if (offset !== received) throw new Fault('conflict', 'offset-differs', 'elsewhere', { extra: state() })
    if (bytes) taken.set(bytes, offset)
    received += bytes?.length ?? 0
    durable = end !== 'false' ? received : Math.max(durable, Math.floor((received - 1) / size) * size)
    over = end !== 'false'
    if (fate === 'after') throw away
    return state()
  }
  return { send, taken, state, calls: () => calls }
}

const feedTo = (send: Parameters<typeof feed>[0]['send']) => feed({ start: zero, send, pause: async () => {} })

describe('the feed of a recording', () => {
  test('gives the pipeline the same bytes, however often it fails and forgets', async () => {
    const fate = fc.constantFrom('before', 'after', 'lost memory', 'fine')
    const length = fc.integer({ min: 1, max: 3 * SEGMENT + 5 })
    const size = fc.constantFrom(MIB, 3 * MIB, SEGMENT, 11 * MIB)
    await fc.assert(
      fc.asyncProperty(length, size, fc.array(fate, { maxLength: 12 }), async (total, chunk, script) => {
        const source = stream(total)
        const to = pipeline(total, chunk, script)
        const fed = feedTo(to.send)
        for (let at = 0; at < total; at += 3_000_001) await fed.push(source.subarray(at, at + 3_000_001), NOW)
        expect(await fed.end()).toMatchObject({ acknowledged: total, complete: true })
        expect(equalBytes(to.taken, source)).toBe(true)
        expect(fed.received()).toBe(total)
        fed.drop()
      }),
      { numRuns: 25 },
    )
  })

  test('never says that less is acknowledged than it said before', async () => {
    const acknowledged: number[] = []
    const to = pipeline(4 * SEGMENT, MIB, ['fine', 'after', 'fine', 'lost memory'])
    const fed = feedTo((...segment) => {
      acknowledged.push(fed.progress().acknowledged)
      return to.send(...segment)
    })
    await fed.push(stream(4 * SEGMENT), NOW)
    await fed.end()
    acknowledged.push(fed.progress().acknowledged)
    expect(acknowledged.length).toBeGreaterThan(4)
    expect(acknowledged).toEqual(acknowledged.toSorted((a, b) => a - b))
    expect(acknowledged.at(-1)).toBe(4 * SEGMENT)
  })

  test('has the rest that is not durable, with the time at which each segment came', async () => {
    const source = stream(SEGMENT + 100)
    const to = pipeline(source.length, MIB, [])
    const fed = feedTo(to.send)
    await fed.push(source.subarray(0, SEGMENT), NOW)
    await fed.push(source.subarray(SEGMENT), NOW + 5000)
    while (fed.progress().acknowledged === 0) await Bun.sleep(1)
    const { acknowledged } = fed.progress()
    expect(acknowledged).toBe(7 * MIB)
    const [first, second, ...more] = fed.rest(acknowledged + 5)
    expect([first?.offset, first?.lastByteAt]).toEqual([acknowledged + 5, NOW])
    expect([second?.offset, second?.lastByteAt]).toEqual([SEGMENT, NOW + 5000])
    expect(more).toEqual([])
    expect(equalBytes(first?.bytes ?? new Uint8Array(), source.subarray(acknowledged + 5, SEGMENT))).toBe(true)
    expect(equalBytes(second?.bytes ?? new Uint8Array(), source.subarray(SEGMENT))).toBe(true)
    expect(fed.rest(source.length)).toEqual([])
  })

  test('says of each segment when its last byte came, and cuts where chunks end', async () => {
    const said: (readonly [end: number, at: number | undefined])[] = []
    const to = pipeline(3 * MIB, MIB, [])
    const fed = feed({
      start: { ...zero, chunk_size: MIB },
      pause: async () => {},
      send: (offset, end, bytes, at) => {
        said.push([offset + (bytes?.length ?? 0), at])
        return to.send(offset, end, bytes)
      },
    })
    const source = stream(3 * MIB)
    for (let at = 0; at < 6; at++)
      await fed.push(source.subarray((at * MIB) / 2, ((at + 1) * MIB) / 2), NOW + at * 1000)
    expect(fed.lastByteAt()).toBe(NOW + 5000)
    await fed.end()
    expect(said.slice(0, 3)).toEqual([1, 3, 5].map((at, i) => [(i + 1) * MIB, NOW + at * 1000]))
  })

  test('sends nothing while it is halted, and all of it when it is resumed', async () => {
    const to = pipeline(3 * SEGMENT, MIB, ['before', 'before'])
    const fed = feedTo(to.send)
    await fed.push(stream(SEGMENT), NOW)
    fed.halt()
    await fed.settled()
    const calls = to.calls()
    expect(await faultOf(() => fed.push(stream(1), NOW))).toMatchObject({ code: 'recording-ended' })
    expect([to.calls(), fed.failure()]).toEqual([calls, undefined])
    fed.resume()
    await fed.push(stream(5), NOW)
    expect(await fed.end()).toMatchObject({ acknowledged: SEGMENT + 5, complete: true })
  })

  test('gives up after many tries and tells the source why, at its next piece', async () => {
    const away = new Fault('unavailable', 'unreachable', 'session-chunker cannot be reached')
    let calls = 0
    const fed = feedTo(async () => {
      calls++
      throw away
    })
    expect(await faultOf(() => fed.push(stream(SEGMENT), NOW))).toBe('no fault')
    while (calls < 121) await Bun.sleep(1)
    await Bun.sleep(1)
    expect(await faultOf(() => fed.push(stream(1), NOW))).toBe(away)
    expect(await faultOf(() => fed.end())).toBe(away)
    expect({ calls, failure: fed.failure() }).toEqual({ calls: 121, failure: away })
  })

  for (const refusal of [
    new Fault('conflict', 'sealed', 'this session is sealed'),
    new Fault('unavailable', 'disk-full', 'the disk is full; free space and the recording goes on'),
  ])
    test(`tells the source at once of ${refusal.code}, and does not ask again`, async () => {
      let calls = 0
      const fed = feedTo(async () => {
        calls++
        throw refusal
      })
      await fed.push(stream(5), NOW)
      expect(await faultOf(() => fed.end())).toBe(refusal)
      expect(calls).toBe(1)
    })

  test('says so when the pipeline stands before what is still kept', async () => {
    const to = pipeline(4 * SEGMENT, MIB, [])
    let stands: StreamPosition | undefined
    const fed = feedTo((offset, end, bytes) => {
      if (stands) throw new Fault('conflict', 'offset-differs', 'elsewhere', { extra: stands })
      return to.send(offset, end, bytes)
    })
    await fed.push(stream(2 * SEGMENT), NOW)
    while (fed.progress().acknowledged < 15 * MIB) await Bun.sleep(1)
    stands = zero
    expect(await faultOf(() => fed.end())).toMatchObject({
      kind: 'conflict',
      code: 'window-lost',
      extra: { acknowledged: 15 * MIB },
    })
  })
})
