import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { blake3 } from '#common/engines/blake3'
import { GENESIS } from '#common/evidence/audit-event'
import { utf8 } from '#common/stream/bytes'
import { type AuditLink, chainFault, describeEntry, nextLink } from './audit.ts'

const session = 'a1b2c3d4-e5f6-4789-8abc-def012345678'
const chain = (events: readonly string[]): AuditLink[] => {
  const links: AuditLink[] = []
  for (const [at, event] of events.entries()) links.push(nextLink(session, links.at(-1), event, 1000 + at))
  return links
}
const broken = (links: readonly AuditLink[], of = session) => chainFault(of, links)?.seq
const good = chain(['created', 'active', 'recording-ended', 'sealed', 'anchored'])

describe('the audit chain of a session of an older release', () => {
  test('says an event with its reason and nothing else of its body', () => {
    expect(describeEntry({ type: 'failed', body: { reason: 'gone' } })).toBe('failed: gone')
    expect(describeEntry({ type: 'sealed', body: { chunk_count: 1 } })).toBe('sealed')
  })

  test('hashes the canonical JSON of each event with the hash of the one before', () => {
    const [first, second] = chain(['created', 'active'])
    const hash = (text: string) => blake3(utf8(text)).toHex()
    const one = hash(`{"at":1000,"event":"created","prev":"${GENESIS}","seq":0,"session":"${session}"}`)
    expect(first).toEqual({ seq: 0, at: 1000, event: 'created', prev: GENESIS, hash: one })
    const two = hash(`{"at":1001,"event":"active","prev":"${one}","seq":1,"session":"${session}"}`)
    expect(second).toEqual({ seq: 1, at: 1001, event: 'active', prev: one, hash: two })
  })

  test('is whole when nothing was changed', () => {
    expect(broken([])).toBeUndefined()
    expect(broken(good)).toBeUndefined()
  })

  test('shows any change of any field of any event', () => {
    const field = fc.constantFrom('seq', 'at', 'event', 'prev', 'hash')
    fc.assert(
      fc.property(fc.nat({ max: good.length - 1 }), field, fc.nat(), (at, name, value) => {
        const bad = good.map((link, i) => {
          if (i !== at) return link
          const to = name === 'seq' || name === 'at' ? -1 - value : `${value}`
          return { ...link, [name]: to }
        })
        expect(broken(bad)).toBe(bad[at]?.seq)
      }),
    )
  })

  test('shows an event that was left out, put in, doubled or moved', () => {
    const [a, b, c, d, e] = good as [AuditLink, AuditLink, AuditLink, AuditLink, AuditLink]
    for (const bad of [
      [b, c, d, e],
      [a, c, d, e],
      [a, a, b, c],
      [a, c, b, d, e],
    ])
      expect(broken(bad)).toBeDefined()
    const forged = [a, nextLink(session, a, 'paused', 5), c, d, e]
    expect(broken(forged)).toBe(c.seq)
  })

  test('is that of one session', () => {
    expect(broken(good, 'b1b2c3d4-e5f6-4789-8abc-def012345678')).toBe(0)
  })
})
