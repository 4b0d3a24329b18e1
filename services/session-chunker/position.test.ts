import { describe, expect, test } from 'bun:test'
import { faultOf } from '#common/testing/faults'
import { acknowledge, checkEnd, checkWholeChunk, describePosition, startPosition } from './position.ts'

const writer = {
  epoch: 1,
  chunk_size: 10,
  chunk_count: 2,
  total_plain: 20,
  last: false,
  sealed: false,
  last_byte_at: 5,
}
const start = startPosition(writer)
const cut = (length: number, last: boolean) => ({ bytes: new Uint8Array(length), last })

test('a fresh writer stands where the encryptor does', () => {
  expect(describePosition('s', start)).toEqual({
    session: 's',
    received: 20,
    acknowledged: 20,
    chunk_count: 2,
    complete: false,
    chunk_size: 10,
    last_byte_at: 5,
  })
})

test('answers may come in any order; the position they lead to is the same', () => {
  const second = { index: 2, plain: 10, last: false, lastByteAt: 6 }
  const third = { index: 3, plain: 4, last: true, lastByteAt: 7 }
  const ends = [acknowledge(acknowledge(start, second), third), acknowledge(acknowledge(start, third), second)]
  expect(ends.map(({ durable }) => durable)).toEqual(Array(2).fill({ chunks: 4, bytes: 34, last: true, lastByteAt: 7 }))
})

describe('a whole chunk', () => {
  test.each([
    ['full', 10, false, 'no fault'],
    ['full and last', 10, true, 'no fault'],
    ['short and last', 3, true, 'no fault'],
    ['short and not last', 3, false, { code: 'chunk-length' }],
    ['too long', 11, true, { code: 'chunk-length' }],
  ])('%s', async (_, length, last, expected) => {
    const outcome = await faultOf(() => checkWholeChunk(cut(length, last), 10))
    if (typeof expected === 'string') expect(outcome).toBe(expected)
    else expect(outcome).toMatchObject(expected)
  })
})

describe('the end of a stream', () => {
  const nothing = { ...start, next: 0 }
  const complete = { ...start, durable: { ...start.durable, last: true } }
  test.each([
    ['with bytes that are left', start, 'true', cut(3, true), 'no fault'],
    ['that broke off without a byte', nothing, 'broken', undefined, 'no fault'],
    ['whose last chunk is there already', complete, 'true', undefined, 'no fault'],
    ['without a byte', nothing, 'true', undefined, { code: 'empty-recording' }],
    ['whose last bytes are gone', start, 'true', undefined, { code: 'tail-missing', extra: { acknowledged: 20 } }],
  ] as const)('%s', async (_, position, how, rest, expected) => {
    const outcome = await faultOf(() => checkEnd(position, how, rest))
    if (typeof expected === 'string') expect(outcome).toBe(expected)
    else expect(outcome).toMatchObject(expected)
  })
})
