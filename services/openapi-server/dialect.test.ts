import { describe, expect, test } from 'bun:test'
import { t } from 'elysia'
import { problems, service } from '#common/http/service'
import { testParts } from '#common/testing/app'
import { modern, OPENAPI, PROBLEM } from './dialect.ts'
import { readDocument } from './document.ts'
import { documentText, withSchema } from './fixture.ts'
import { at, type Json } from './json.ts'

const read = (text: string) => {
  const found = readDocument(text)
  if ('faults' in found) throw new Error(found.faults.join())
  return modern(found.document)
}
const place = ['paths', '/a', 'get', 'responses', '200', 'content', 'application/json', 'schema']
const schemaOf = (schema: Json, openapi = '3.0.3') => at(read(documentText({ openapi, ...withSchema(schema) })), place)

describe('what OpenAPI 3.0 says otherwise', () => {
  const cases: readonly (readonly [what: string, from: Json, to: Json])[] = [
    ['null is a type', { type: 'string', nullable: true }, { type: ['string', 'null'] }],
    ['not null is nothing', { type: 'string', nullable: false }, { type: 'string' }],
    [
      'an enum without null still refuses null',
      { type: 'string', nullable: true, enum: ['a'] },
      { type: ['string', 'null'], enum: ['a'] },
    ],
    ['nullable without a type said nothing', { nullable: true, enum: [1] }, { enum: [1] }],
    [
      'an exclusive bound',
      { type: 'number', minimum: 1, exclusiveMinimum: true },
      { type: 'number', exclusiveMinimum: 1 },
    ],
    ['a flag that is off', { type: 'number', maximum: 9, exclusiveMaximum: false }, { type: 'number', maximum: 9 }],
    ['a flag without a bound', { type: 'number', exclusiveMaximum: true }, { type: 'number' }],
    [
      'both ends',
      { type: 'integer', minimum: 0, exclusiveMinimum: true, maximum: 5, exclusiveMaximum: true },
      { type: 'integer', exclusiveMinimum: 0, exclusiveMaximum: 5 },
    ],
    [
      'deep inside',
      { type: 'array', items: { type: 'object', properties: { nullable: { type: 'string', nullable: true } } } },
      { type: 'array', items: { type: 'object', properties: { nullable: { type: ['string', 'null'] } } } },
    ],
    ['data stays', { type: 'object', default: { nullable: true } }, { type: 'object', default: { nullable: true } }],
  ]
  for (const [what, from, to] of cases) test(what, () => expect(schemaOf(from)).toEqual(to))

  test('what 3.1 says already stays', () => {
    const schema = { type: ['string', 'null'], exclusiveMinimum: 3 }
    expect(schemaOf(schema, '3.1.0')).toEqual(schema)
    expect(read(documentText({ openapi: '3.0.3' })).openapi).toBe(OPENAPI)
  })

  test('beside a reference 3.0 ignored everything, 3.1 does not', () => {
    const schemas = { components: { schemas: { T: { type: 'string' } } } }
    const using = { ...withSchema({ $ref: '#/components/schemas/T', description: 'mine' }), ...schemas }
    expect(at(read(documentText({ openapi: '3.0.3', ...using })), place)).toEqual({ $ref: '#/components/schemas/T' })
    expect(at(read(documentText(using)), place)).toHaveProperty('description', 'mine')
  })
})

test('what Elysia writes of a real service comes out as it is on the wire', async () => {
  const app = service('test', testParts).get('/a/:n', ({ params }) => ({ n: params.n, to: null }), {
    params: t.Object({ n: t.Numeric({ minimum: 1, multipleOf: 1 }) }),
    query: t.Object({ limit: t.Integer({ minimum: 1, default: 5 }), ratio: t.Optional(t.Numeric({ maximum: 1 })) }),
    response: { 200: t.Object({ n: t.Integer(), to: t.Union([t.String(), t.Null()]) }), 204: t.Void(), ...problems },
    callers: ['operator'],
  })
  const text = await (await app.handle(new Request('http://localhost/openapi.json'))).text()
  const document = read(text)
  expect(document.openapi).toBe('3.1.2')
  const operation = document.paths['/a/{n}']?.['get'] as { parameters: unknown; responses: Record<string, unknown> }
  expect(operation.parameters).toEqual([
    { name: 'n', in: 'path', required: true, schema: { type: 'integer', minimum: 1 } },
    { name: 'limit', in: 'query', required: false, schema: { type: 'integer', minimum: 1, default: 5 } },
    { name: 'ratio', in: 'query', required: false, schema: { type: 'number', maximum: 1 } },
  ])
  expect(operation.responses['200']).toEqual({
    description: 'OK',
    content: {
      'application/json': {
        schema: {
          type: 'object',
          required: ['n', 'to'],
          properties: { n: { type: 'integer' }, to: { type: ['string', 'null'] } },
        },
      },
    },
  })
  expect(operation.responses['204']).toEqual({ description: 'No Content' })
  expect(operation.responses['404']).toEqual({
    description: 'Not Found',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  })
  expect(document['components']).toMatchObject({ schemas: { Problem: PROBLEM } })
  expect(document.paths['/health']).toMatchObject({ get: { security: [], responses: { 200: {} } } })
  expect(operation).not.toHaveProperty('security')
})

test('a service that means something else by Problem keeps its meaning', async () => {
  const own = { components: { schemas: { Problem: { type: 'string' } } } }
  const text = documentText({ ...withSchema({ ...PROBLEM }), ...own })
  expect(at(read(text), place)).toMatchObject({ required: PROBLEM['required'] as Json })
  expect(read(text)['components']).toEqual(own.components)
})
