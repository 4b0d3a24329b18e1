import { expect, test } from 'bun:test'
import { bufferPool } from './buffer-pool.ts'

const isFreed = (buffer: Uint8Array) => buffer.buffer.byteLength === 0

test('a buffer that was given back is lent again, whole, though a part of it came back', () => {
  const pool = bufferPool(8, 2)
  const first = pool.take()
  first[7] = 42
  pool.give(first.subarray(0, 3))
  const again = pool.take()
  expect([again.length, again[7], again.buffer === first.buffer]).toEqual([8, 42, true])
})

test('it keeps no more than it may, and frees the rest', () => {
  const pool = bufferPool(8, 1)
  const [kept, spare] = [pool.take(), pool.take()]
  pool.give(kept)
  pool.give(spare)
  expect([isFreed(kept), isFreed(spare)]).toEqual([false, true])
})

test('a buffer of another size is freed, not kept', () => {
  const pool = bufferPool(8, 2)
  const other = new Uint8Array(9)
  pool.give(other)
  expect(isFreed(other)).toBe(true)
  expect(pool.take().length).toBe(8)
})

test('a buffer that is given back twice is lent to one only', () => {
  const pool = bufferPool(8, 2)
  const one = pool.take()
  pool.give(one)
  pool.give(one)
  expect(pool.take().buffer).not.toBe(pool.take().buffer)
})

test('drain frees what is spare, and the pool goes on', () => {
  const pool = bufferPool(8, 2)
  const one = pool.take()
  pool.give(one)
  pool.drain()
  expect([isFreed(one), pool.take().length]).toEqual([true, 8])
})
