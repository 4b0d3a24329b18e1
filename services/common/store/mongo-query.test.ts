import { describe, expect, test } from 'bun:test'
import { buildFilter, buildSort, buildValidator, declaredIndexes } from './mongo-query.ts'
import { planQuery } from './query.ts'
import { parseDeclaration } from './shape.ts'

const shape = parseDeclaration({
  name: 'jobs',
  fields: { state: 'text', at: 'integer', weight: 'real', urgent: 'boolean', run: 'text', seq: 'integer' },
  required: ['run', 'seq'],
  unique: [
    ['run', 'seq'],
    ['state', 'urgent'],
  ],
  indexes: [['state', 'at']],
})

const of = (query: Parameters<typeof planQuery>[1]) => {
  const plan = planQuery(shape, query)
  return [buildFilter(plan.terms), buildSort(plan)] as const
}

describe('a search', () => {
  const searches: readonly (readonly [Parameters<typeof planQuery>[1], unknown, unknown])[] = [
    [{}, {}, { _id: 1 }],
    [{ where: { id: 'a' } }, { _id: { $eq: 'a' } }, {}],
    [{ where: { state: { in: ['a', 'b'] } } }, { state: { $in: ['a', 'b'] } }, { _id: 1 }],
    [
      { where: { at: { gte: 1, lt: 5 } }, sort: [['at', 'desc']] },
      { $and: [{ at: { $gte: 1 } }, { at: { $lt: 5 } }] },
      { at: -1, _id: -1 },
    ],
    [{ where: { run: 'r', seq: { gte: 3 } }, sort: [['seq', 'asc']] }, expect.anything(), { seq: 1 }],
    [{ where: { state: 's' }, sort: [['urgent', 'asc']] }, expect.anything(), { urgent: 1, _id: 1 }],
  ]
  for (const [query, filter, sort] of searches)
    test(`${JSON.stringify(query)} is one filter, and an order that an index can serve`, () =>
      expect(of(query)).toEqual([filter, sort] as never))

  test('is ordered by id at the end unless no two documents can tie', () => {
    expect(Object.keys(of({ where: { id: 'a' } })[1])).toEqual([])
    expect(of({ sort: [['seq', 'desc']] })[1]).toEqual({ seq: -1, _id: -1 })
  })
})

test('indexes: all documents where all fields are required, else those that have them; ties by id', () => {
  expect(declaredIndexes(shape)).toEqual([
    { name: 'unique:run,seq:all', key: { run: 1, seq: 1 }, unique: true },
    {
      name: 'unique:state,urgent',
      key: { state: 1, urgent: 1 },
      unique: true,
      partialFilterExpression: { state: { $gte: '' }, urgent: { $gte: false } },
    },
    { name: 'index:state,at', key: { state: 1, at: 1, _id: 1 } },
  ])
})

test('the validator asks for required fields and knows the kind of every declared one', () => {
  const number = ['int', 'long', 'double']
  expect(buildValidator(shape)).toEqual({
    $jsonSchema: {
      bsonType: 'object',
      required: ['_id', 'rev', 'run', 'seq'],
      properties: {
        _id: { bsonType: ['string'] },
        rev: { bsonType: number },
        state: { bsonType: ['string', 'null'] },
        at: { bsonType: [...number, 'null'] },
        weight: { bsonType: [...number, 'null'] },
        urgent: { bsonType: ['bool', 'null'] },
        run: { bsonType: ['string'] },
        seq: { bsonType: number },
      },
    },
  })
})
