import { describe, expect, test } from 'bun:test'
import { findBreaks } from './breaks.ts'
import { type ApiDocument, formatDocument, type Operation, publishDocument, type Schema } from './document.ts'
import { renderTypes, typeOf } from './types.ts'

const item: Schema = {
  type: 'object',
  required: ['id', 'state'],
  properties: { id: { type: 'string' }, state: { type: 'string', enum: ['open', 'closed'] }, note: { type: 'string' } },
}
const operation: Operation = {
  'x-people': 'session_create',
  parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string', maxLength: 36 } }],
  requestBody: {
    content: {
      'application/json': {
        schema: {
          type: 'object',
          required: ['name'],
          properties: {
            name: { type: 'string', maxLength: 20 },
            size: { type: 'integer', maximum: 9 },
            kind: { anyOf: [{ const: 'a' }, { const: 'b' }] },
          },
          additionalProperties: false,
        },
      },
    },
  },
  responses: {
    200: { description: 'it', content: { 'application/json': { schema: item } } },
    404: { description: 'none', content: { 'application/json': { schema: { type: 'object' } } } },
  },
}
const documentOf = (post: Operation, more: Readonly<Record<string, Operation>> = {}): ApiDocument => ({
  openapi: '3.1.0',
  info: { title: 'x' },
  paths: { '/api/v1/things/{id}': { post, ...more }, '/health': { get: {} } },
})

const body = 'requestBody/content/application~json/schema'
const answer = 'responses/200/content/application~json/schema'

/** The operation with one thing changed, or taken away; the slash of a media type is `~` in the path. */
const change = (path: string, value: unknown): Operation => {
  const plain = JSON.stringify(operation).replaceAll('application/json', 'application~json')
  const copy = JSON.parse(plain) as Record<string, unknown>
  const keys = path.split('/')
  const last = keys.pop() ?? ''
  const target = keys.reduce((each, key) => each[key] as Record<string, unknown>, copy)
  if (value === undefined) delete target[last]
  else target[last] = value
  return JSON.parse(JSON.stringify(copy).replaceAll('application~json', 'application/json')) as Operation
}

describe('what a client of the document before notices', () => {
  test.each([
    [`${body}/required`, ['name', 'size'], 'body.size: is needed now'],
    [`${body}/properties/kind`, undefined, 'body.kind: is not taken any more'],
    [`${body}/properties/kind`, { const: 'a' }, 'body.kind: takes other forms'],
    [`${body}/properties/name/maxLength`, 10, 'body.name: maxLength is narrower'],
    [`${body}/properties/name/minLength`, 1, 'body.name: minLength is narrower'],
    [`${body}/properties/name/pattern`, '^a', 'body.name: pattern is narrower'],
    [`${body}/properties/size`, { type: 'string' }, 'body.size: is string now'],
    [`${answer}/required`, ['id'], '200.state: may be missing'],
    [`${answer}/properties/note`, undefined, '200.note: is gone'],
    [`${answer}/properties/id`, { type: 'integer' }, '200.id: is integer now'],
    [`${answer}/properties/state/enum`, ['open', 'closed', 'lost'], '200.state: "lost" is new'],
    ['parameters/0/schema/maxLength', 8, 'parameters.id: maxLength is narrower'],
    ['responses/200', undefined, ': does not answer 200 any more'],
    ['x-people', 'admin_access', ': is for admin_access now'],
  ])('%s -> %j', (path, value, says) => {
    const [found, ...others] = findBreaks(documentOf(operation), documentOf(change(path, value)))
    expect(found).toStartWith('POST /api/v1/things/{id}')
    expect(found).toEndWith(says)
    expect(others).toEqual([])
  })

  test('not that it is for more people than before', () => {
    for (const wider of ['session_observe', 'signed-in'])
      expect(findBreaks(documentOf(operation), documentOf(change('x-people', wider)))).toEqual([])
  })

  test('an operation that is gone', () => {
    const after = { ...documentOf(operation), paths: {} }
    expect(findBreaks(documentOf(operation), after)).toEqual([
      'POST /api/v1/things/{id}: is gone',
      'GET /health: is gone',
    ])
  })
})

test.each([
  [`${body}/properties/more`, { type: 'string' }],
  [`${body}/properties/name/maxLength`, 30],
  [`${body}/properties/kind`, { anyOf: [{ const: 'a' }, { const: 'b' }, { const: 'c' }] }],
  [`${body}/properties/size`, { type: 'number', maximum: 9 }],
  [`${body}/required`, []],
  [`${answer}/properties/more`, { type: 'string' }],
  [`${answer}/required`, ['id', 'state', 'note']],
  [`${answer}/properties/state/enum`, ['open']],
  ['responses/404', undefined],
  ['summary', 'words'],
])('%s -> %j breaks nobody', (path, value) => {
  expect(findBreaks(documentOf(operation), documentOf(change(path, value)))).toEqual([])
})

test('what is published is what people may call, and the problem document once', () => {
  const published = publishDocument(documentOf(operation, { get: { 'x-callers': ['operator'] } }))
  expect(Object.keys(published.paths)).toEqual(['/api/v1/things/{id}'])
  expect(Object.keys(published.paths['/api/v1/things/{id}'] ?? {})).toEqual(['post'])
  expect(published.paths['/api/v1/things/{id}']?.['post']?.responses?.['404']).toEqual({
    $ref: '#/components/responses/Problem',
  })
  expect(JSON.parse(formatDocument(published))).toEqual(published)
  expect(findBreaks(publishDocument(documentOf(operation)), published)).toEqual([])
})

test('types are those of openapi-fetch', () => {
  expect(renderTypes(publishDocument(documentOf(operation)))).toContain(
    `  "/api/v1/things/{id}": {
    post: { parameters: { path: { id: string } }; requestBody: { content: { "application/json": { name: string; size?: number; kind?: "a" | "b" } } }; responses: { 200: { content: { "application/json": { id: string; state: "open" | "closed"; note?: string } } }; default: Refusal } }
  }
`,
  )
})

test.each([
  [{ type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'null' }] } }, '(string | null)[]'],
  [{ type: 'object', additionalProperties: { type: 'integer' } }, 'Record<string, number>'],
  [{ type: 'object', patternProperties: { '^a$': { type: 'boolean' } } }, 'Record<string, boolean>'],
  [
    { allOf: [{ type: 'string' }, { type: 'object', additionalProperties: false }] },
    '(string) & (Record<string, never>)',
  ],
  [{ type: 'object', required: ['a-b'], properties: { 'a-b': { const: 1 } } }, '{ "a-b": 1 }'],
  [{}, 'unknown'],
] as const)('%j is %s', (schema, type) => expect(typeOf(schema as Schema)).toBe(type))
