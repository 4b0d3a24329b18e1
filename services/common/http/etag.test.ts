import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import fc from 'fast-check'
import { Fault } from '../process/fault.ts'
import { entityTag, isKnown, requireMatch } from './etag.ts'

// Nothing here is timed: only a hang fails.
setDefaultTimeout(120_000)

const codeOf = (work: () => unknown): string => {
  try {
    work()
    return 'none'
  } catch (error) {
    return error instanceof Fault ? error.code : String(error)
  }
}

describe('an entity tag', () => {
  const tag = entityTag({ a: 1 })
  test('is that of the value alone', () => {
    expect(tag).toMatch(/^"[\w-]{27}"$/)
    expect(entityTag({ a: 1 })).toBe(tag)
    expect(entityTag({ a: 2 })).not.toBe(tag)
  })
  test('is known weakly, and matched strongly', () => {
    for (const header of ['*', tag, `W/${tag}`, `"other", ${tag}`]) expect(isKnown(header, tag)).toBe(true)
    for (const header of [null, '"other"']) expect(isKnown(header, tag)).toBe(false)
    for (const header of [null, '*', tag, `"other",${tag}`])
      expect(codeOf(() => requireMatch(header, tag))).toBe('none')
    for (const header of ['"other"', `W/${tag}`])
      expect(codeOf(() => requireMatch(header, tag))).toBe('changed-meanwhile')
  })
  test('of what is not there yet is matched by nothing', () => {
    expect(codeOf(() => requireMatch(null, undefined))).toBe('none')
    for (const header of ['*', tag]) expect(codeOf(() => requireMatch(header, undefined))).toBe('changed-meanwhile')
  })
  test('that is none is refused, and never matches', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 5_000 }), (text) => {
        expect(['bad-entity-tags', 'changed-meanwhile', 'none']).toContain(codeOf(() => requireMatch(text, tag)))
        if (!text.includes(tag) && text.trim() !== '*') expect(codeOf(() => requireMatch(text, tag))).not.toBe('none')
      }),
      { numRuns: 10_000 },
    )
    expect(codeOf(() => requireMatch(`${'"a",'.repeat(2_000)}"a"`, tag))).toBe('bad-entity-tags')
  })
})
