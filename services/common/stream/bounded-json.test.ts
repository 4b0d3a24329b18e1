import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { isFault } from '../process/fault.ts'
import { faultOf } from '../testing/faults.ts'
import { checkJsonBounds, type JsonBounds, parseJson } from './bounded-json.ts'
import { utf8 } from './bytes.ts'

const codeOf = async (work: () => unknown) => {
  const thrown = await faultOf(work)
  return isFault(thrown) ? thrown.code : thrown
}

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0

/** Values and names; brackets around nothing count as if they held one value. */
const partsOf = (value: unknown): number => {
  if (typeof value !== 'object' || value === null) return 1
  const inner = Object.values(value)
  const names = Array.isArray(value) ? 0 : inner.length
  return inner.length === 0 ? 2 : inner.reduce<number>((sum, one) => sum + partsOf(one), 1 + names)
}

test('a text within its bounds is parsed as JSON.parse does, whatever stands in its strings', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(3), (value, indent) => {
      const bounds = { depth: depthOf(value), parts: partsOf(value) }
      for (const text of [JSON.stringify(value), JSON.stringify(value, null, indent)]) {
        expect(parseJson(text, bounds)).toEqual(JSON.parse(text))
        expect(parseJson(utf8(text), bounds)).toEqual(JSON.parse(text))
      }
    }),
  )
})

test('one level more than allowed is refused, and so is one value more', () => {
  const refuses = (value: unknown, bounds: JsonBounds) => {
    try {
      checkJsonBounds(utf8(JSON.stringify(value)), bounds)
      return false
    } catch (error) {
      return isFault(error, 'json-bounds')
    }
  }
  fc.assert(
    fc.property(fc.array(fc.jsonValue({ maxDepth: 6 })), (value) => {
      const [depth, parts] = [depthOf(value), partsOf(value)]
      expect(refuses(value, { depth: depth - 1, parts })).toBe(true)
      expect(refuses(value, { depth, parts: parts - 1 })).toBe(true)
    }),
  )
})

test('brackets and commas within a string count for nothing, escaped quotes do not end it', async () => {
  for (const text of ['[[[[,,,,::::', '\\', '\\\\', '"', '\\"[', '\\\\"[[,'])
    expect(parseJson(JSON.stringify([text]), { depth: 1, parts: 2 })).toEqual([text])
  expect(await codeOf(() => parseJson(String.raw`["\\",[[]]]`, { depth: 2, parts: 100 }))).toBe('json-bounds')
})

test('what is beyond the bounds is refused for that, whatever else is wrong with it', async () => {
  for (const text of ['['.repeat(40), '{"a":'.repeat(40), `[${'0,'.repeat(2000)}`, '{"a":0,]'.repeat(2000)])
    expect(await codeOf(() => parseJson(text))).toBe('json-bounds')
})

test('no JSON, no UTF-8 and no text at all are refused by name', async () => {
  for (const text of ['', '{', '[1,]', '"\u0001"', '\ufeff1', 'NaN', '"open'])
    expect(await codeOf(() => parseJson(text))).toBe('not-json')
  expect(await codeOf(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22)))).toBe('not-json')
})
