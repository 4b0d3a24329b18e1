import { expect, test } from 'bun:test'
import { isFault } from '#common/process/fault'
import { bodies } from './body.ts'

const request = (bytes: Uint8Array<ArrayBuffer>, announced = bytes.length) =>
  new Request('http://localhost', {
    method: 'POST',
    body: new Blob([bytes]).stream(),
    headers: { 'content-length': String(announced) },
  })

test('a body comes whole, whatever was in its buffer before', async () => {
  const { take, spend } = bodies(1)
  const first = await take(request(new Uint8Array(100_000).fill(1)))
  expect(first).toEqual(new Uint8Array(100_000).fill(1))
  spend(first)
  const second = await take(request(Uint8Array.of(7, 8, 9)))
  expect(second).toEqual(Uint8Array.of(7, 8, 9))
  expect(second.buffer.byteLength).toBe(8 * 1024 * 1024)
})

test('a body larger than the usual chunk has a buffer of its own', async () => {
  const bytes = new Uint8Array(9 * 1024 * 1024).fill(3)
  const { take } = bodies(1)
  const body = await take(request(bytes))
  expect([body.length, body.buffer.byteLength]).toEqual([bytes.length, bytes.length])
})

test('more bytes than announced are refused', async () => {
  const error = await bodies(1)
    .take(request(new Uint8Array(10), 9))
    .catch((caught: unknown) => caught)
  expect(isFault(error, 'body-too-large')).toBe(true)
})

test('without a body there are no bytes', async () => {
  expect(await bodies(1).take(new Request('http://localhost', { method: 'POST' }))).toHaveLength(0)
})
