import { expect, test } from 'bun:test'
import { RLP } from '@ethereumjs/rlp'
import fc from 'fast-check'
import { isFault } from '../process/fault.ts'
import { faultOf } from '../testing/faults.ts'
import { nestRlp } from '../testing/hostile-bundles.ts'
import { decodeRlp, findRlpExcess, type RlpItem } from './rlp.ts'

const { item } = fc.letrec<{ item: RlpItem }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.uint8Array({ maxLength: 70 }).map((bytes) => Uint8Array.from(bytes)),
    fc.array(tie('item'), { maxLength: 6 }),
  ),
}))

const depthOf = (of: RlpItem): number =>
  of instanceof Uint8Array ? 0 : 1 + Math.max(0, ...of.map((one) => depthOf(one)))
const countOf = (of: RlpItem): number =>
  of instanceof Uint8Array ? 1 : of.reduce<number>((sum, one) => sum + countOf(one), 1)

test('depth and number are counted as the encoder wrote them, to the item', () => {
  fc.assert(
    fc.property(item, (value) => {
      const bytes = RLP.encode(value as never)
      const [depth, items] = [depthOf(value), countOf(value)]
      expect(findRlpExcess(bytes, { depth, items })).toBeUndefined()
      expect(decodeRlp(bytes, { depth, items }, 'code', 'it')).toEqual(value)
      expect(findRlpExcess(bytes, { depth, items: items - 1 })).toBe(`holds more than ${items - 1} items`)
      if (depth > 0)
        expect(findRlpExcess(bytes, { depth: depth - 1, items })).toBe(`is nested deeper than ${depth - 1} lists`)
    }),
  )
})

test('two million bytes of lists in lists are refused before they are decoded', async () => {
  expect(depthOf(RLP.decode(nestRlp(1000)) as RlpItem)).toBe(1000)
  for (const bytes of [nestRlp(600_000), new Uint8Array(2_300_000).fill(0xc1)])
    expect(await faultOf(() => decodeRlp(bytes, { depth: 4, items: 1e9 }, 'code', 'the header'))).toMatchObject({
      code: 'code',
      message: 'the header is nested deeper than 4 lists',
    })
})

test('any bytes are decoded as the library does, or refused with a fault', async () => {
  const bounds = { depth: 8, items: 100 }
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      const thrown = await faultOf(() => decodeRlp(Uint8Array.from(bytes), bounds, 'code', 'it'))
      if (thrown === 'no fault') expect(() => RLP.decode(Uint8Array.from(bytes))).not.toThrow()
      else expect(isFault(thrown, 'code')).toBe(true)
    }),
    { numRuns: 1000 },
  )
})
