import { describe, expect, test } from 'bun:test'
import { bytes, duration, plural, rate } from './format.ts'

describe('figures', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [512 * 1024 ** 2, '512 MiB'],
    [100 * 1024 ** 4 * 1024, '102400 TiB'],
  ])('%p bytes read %p', (count, text) => expect(bytes(count)).toBe(text))

  test.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1_449, '1.4 s'],
    [59_999, '59.9 s'],
    [125_000, '2 min 5 s'],
    [10_800_000, '3 h 0 min'],
    [187_200_000, '2 d 4 h'],
  ])('%p ms read %p', (ms, text) => expect(duration(ms)).toBe(text))

  test('a rate is decimal megabytes a second', () => {
    expect(rate(516_000_000, 1_000)).toBe('516 MB/s')
    expect(rate(8_388_608, 1_000)).toBe('8.4 MB/s')
    expect(rate(1, 0)).toBe('0.0 MB/s')
  })

  test('a count agrees with its noun', () => {
    expect([plural(1, 'chunk'), plural(0, 'chunk')]).toEqual(['1 chunk', '0 chunks'])
  })
})
