import { expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { countRepeats, writeLooped } from './loop.ts'

const MIB = 1024 * 1024

test.each([
  [1, 25 * MIB],
  [MIB, 25],
  [10 * MIB, 3],
  [24 * MIB, 2],
  [24 * MIB + 1, 1],
  [256 * MIB, 1],
])('%d bytes become more than three chunks in %d rounds', (size, times) => {
  expect(countRepeats(size)).toBe(times)
  expect(size * times).toBeGreaterThan(24 * MIB)
})

test('nothing cannot be looped, and what is too large is refused with what to do', () => {
  expect(() => countRepeats(0)).toThrow('the recording is empty: give one with --input FILE')
  expect(() => countRepeats(256 * MIB + 1)).toThrow('over 256 MiB, too large for a demo: use bun run record')
})

test('a loop is the bytes over and over, and stops when it is told to', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lucid-loop-'))
  try {
    const from = join(folder, 'from')
    await Bun.write(from, 'abc')
    const never = new AbortController()
    await writeLooped(from, join(folder, 'to'), { times: 3, signal: never.signal })
    expect(await Bun.file(join(folder, 'to')).text()).toBe('abcabcabc')
    never.abort(new Error('told to stop'))
    const stopped = writeLooped(from, join(folder, 'other'), { times: 3, signal: never.signal })
    expect(stopped).rejects.toThrow('told to stop')
    await stopped.catch(() => {})
  } finally {
    await rm(folder, { recursive: true })
  }
})
