import { expect, test } from 'bun:test'
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { closed } from './strict-schema.ts'

const Inner = Type.Object({ a: Type.Number() })
const good = { a: 1 }
const bad = { a: 1, extra: 1 }

const nested = {
  'in an object': [Type.Object({ x: Inner }), (x: unknown) => ({ x })],
  'in an optional field': [Type.Object({ x: Type.Optional(Inner) }), (x: unknown) => ({ x })],
  'in an array': [Type.Array(Inner), (x: unknown) => [x]],
  'in a tuple': [Type.Tuple([Type.Null(), Inner]), (x: unknown) => [null, x]],
  'in a union': [Type.Union([Type.Null(), Inner]), (x: unknown) => x],
  'in a record': [Type.Record(Type.String(), Inner), (x: unknown) => ({ any: x })],
  'in an intersection': [Type.Intersect([Inner, Type.Object({ b: Inner })]), (x: unknown) => ({ a: 1, b: x })],
} as const

for (const [where, [schema, wrap]] of Object.entries(nested))
  test(`an unknown field ${where} is refused, the known ones are taken`, () => {
    const strict = closed(schema)
    expect([Value.Check(strict, wrap(good)), Value.Check(strict, wrap(bad))]).toEqual([true, false])
  })

test('an intersection takes the fields of all its parts and no more', () => {
  const strict = closed(Type.Intersect([Inner, Type.Object({ b: Type.Number() })]))
  expect([
    Value.Check(strict, { a: 1, b: 2 }),
    Value.Check(strict, { a: 1, b: 2, c: 3 }),
    Value.Check(strict, { a: 1 }),
  ]).toEqual([true, false, false])
})

test('an object that says itself that it is open stays open', () => {
  const open = Type.Object({ a: Type.Number() }, { additionalProperties: true })
  expect(Value.Check(closed(Type.Object({ x: open })), { x: bad })).toBe(true)
})

test('the schema itself is left as it is', () => {
  closed(Type.Object({ x: Inner }))
  expect(Value.Check(Inner, bad)).toBe(true)
})
