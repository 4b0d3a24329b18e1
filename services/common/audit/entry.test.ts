import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { entryFault, type LogEntry, nextEntry } from './entry.ts'
import { type SignedHead, signHead, verifyHead } from './head.ts'
import vectors from './vectors/audit-log.json' with { type: 'json' }

const { service } = vectors
const stream = (): readonly LogEntry[] => {
  const entries: LogEntry[] = []
  for (let n = 0; n < 5; n++)
    entries.push(nextEntry(service, entries.at(-1), { action: 'POST /do', params: { n }, status: 200 }, 9 + n))
  return entries
}
const faultIn = (entries: readonly LogEntry[]): string | undefined =>
  entries.map((entry, n) => entryFault(service, entries[n - 1], entry)).find((fault) => fault !== undefined)

test('the published vectors', () => {
  const entries: LogEntry[] = []
  for (const { seq: _seq, prev: _prev, hash, at, ...action } of vectors.entries) {
    entries.push(nextEntry(service, entries.at(-1), action as never, at))
    expect(entries.at(-1)?.hash).toBe(hash)
  }
  const seed = Uint8Array.fromHex(vectors.seed)
  expect(signHead(service, entries.at(-1) as LogEntry, { seed, at: vectors.head.at })).toEqual(vectors.head)
})

describe('a stream', () => {
  test('shows any change of any field, by the number of the entry', () => {
    const fields = fc.constantFrom('action', 'caller', 'params', 'at', 'status', 'prev', 'hash')
    fc.assert(
      fc.property(fc.nat({ max: 4 }), fields, (at, name) => {
        const other = { params: { n: 7 }, at: 77, status: 201 }[name as 'at'] ?? 'f'.repeat(64)
        const bad = stream().map((entry, n) => (n === at ? { ...entry, [name]: other } : entry))
        expect(faultIn(bad)).toBe(`entry ${at} was altered`)
      }),
    )
  })

  test('shows a gap, a reorder, a double and a replaced part, by its place', () => {
    const [a, b, c, d, e] = stream() as [LogEntry, LogEntry, LogEntry, LogEntry, LogEntry]
    expect(faultIn([a, d, e])).toBe('entries 1 to 2 are missing')
    expect(faultIn([b, c])).toBe('entries 0 to 0 are missing')
    expect(faultIn([a, b, b, c])).toBe('entry 1 stands where entry 2 belongs')
    expect(faultIn([a, c, b])).toBe('entries 1 to 1 are missing')
    const forged = nextEntry(service, a, { action: 'POST /other', params: {} }, 10)
    expect(faultIn([a, forged, c])).toBe('entry 2 does not follow the one before it: one of them was replaced')
    expect(entryFault('session-recorder', undefined, a)).toBe('entry 0 was altered')
  })

  test('is vouched for by the identity of its service alone', () => {
    const head = vectors.head as SignedHead
    expect(verifyHead(head, head.public_key)).toBe(true)
    expect(verifyHead(head, 'ab'.repeat(32))).toBe(false)
    for (const change of [{ seq: 9 }, { at: 1 }, { service: 'other' }, { hash: 'ab'.repeat(32) }])
      expect(verifyHead({ ...head, ...change }, head.public_key)).toBe(false)
  })
})
