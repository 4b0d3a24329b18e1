import { describe, expect, test } from 'bun:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { modern } from './dialect.ts'
import { readDocument } from './document.ts'
import { documentText, withSchema } from './fixture.ts'
import { asObject } from './json.ts'
import { merge, type Part } from './merge.ts'

const part = (service: string, text: string, trouble?: Part['trouble']): Part => {
  const read = readDocument(text)
  if ('faults' in read) throw new Error(read.faults.join())
  return {
    service,
    summary: `does ${service}`,
    address: `http://${service}:1`,
    document: modern(read.document),
    trouble,
  }
}
const options = { title: 'All', version: '1.2.3' }

/** What a validator of the OpenAPI 3.1 schema says; it changes what it is given. */
const verdict = async (document: object) => {
  const validator = new Validator()
  const { valid, errors } = await validator.validate(structuredClone(document) as Record<string, unknown>)
  return { valid, errors, version: validator.version }
}
const good = { valid: true, errors: undefined, version: '3.1' }

test('the same names in two services become two names, and every reference follows', async () => {
  const { document, conflicts } = merge([part('a', documentText()), part('b', documentText())], options)
  expect(conflicts).toEqual([])
  expect(Object.keys(asObject(document['paths']))).toEqual([
    '/a/things/{id}',
    '/a/health',
    '/b/things/{id}',
    '/b/health',
  ])
  expect(document['components']).toEqual({
    schemas: {
      'a.Thing': { type: 'object', properties: { next: { $ref: '#/components/schemas/a.Thing' } } },
      'b.Thing': { type: 'object', properties: { next: { $ref: '#/components/schemas/b.Thing' } } },
    },
    securitySchemes: { serviceToken: { type: 'http', scheme: 'bearer' } },
  })
  expect(await verdict(document)).toEqual(good)
})

test('each operation is in the group of its service and says whether it needs a token', () => {
  const { document } = merge([part('a', documentText())], options)
  expect(asObject(document['paths'])).toMatchObject({
    '/a/health': { get: { tags: ['a'], operationId: 'a.getHealth', security: [] } },
    '/a/things/{id}': { get: { tags: ['a'], operationId: 'a.getThing', security: [{ serviceToken: [] }] } },
  })
  expect(document['tags']).toEqual([{ name: 'a', description: 'does a. `http://a:1`' }])
})

test('another way to prove who calls keeps its own name', () => {
  const other = {
    components: { securitySchemes: { serviceToken: { type: 'mutualTLS' } } },
    paths: { '/x': { get: {} } },
  }
  const { document, conflicts } = merge([part('a', documentText()), part('b', documentText(other))], options)
  expect(conflicts).toEqual([])
  expect(document['components']).toMatchObject({
    securitySchemes: { serviceToken: { type: 'http', scheme: 'bearer' }, 'b.serviceToken': { type: 'mutualTLS' } },
  })
  expect(asObject(document['paths'])['/b/x']).toMatchObject({ get: { security: [{ 'b.serviceToken': [] }] } })
})

describe('nothing is lost in silence', () => {
  test('a path that two services have under one prefix, and what has no place', () => {
    const { document, conflicts } = merge(
      [part('a', documentText()), part('b', documentText({ servers: [{ url: '/' }] }))],
      { ...options, prefix: () => '/api' },
    )
    const expected = [
      { service: 'b', what: 'the path /api/things/{id} is taken' },
      { service: 'b', what: 'the path /api/health is taken' },
      { service: 'b', what: 'its servers have no place here' },
    ]
    expect(conflicts).toEqual(expected)
    expect(document['x-lucid-conflicts']).toEqual(expected)
  })

  test('a service that is away stands in its group with what is known, and since when', async () => {
    const trouble = { what: 'it cannot be reached', since: Date.UTC(2026, 0, 1) }
    const gone: Part = { service: 'c', summary: 'does c', address: 'http://c:1', document: undefined, trouble }
    const { document } = merge([part('a', documentText(), trouble), gone], options)
    expect(document['tags']).toEqual([
      {
        name: 'a',
        description:
          'does a. `http://a:1`\n\n**As it was last read**; since 2026-01-01T00:00:00.000Z: it cannot be reached.',
        'x-lucid-trouble': { ...trouble, kept: true },
      },
      {
        name: 'c',
        description:
          'does c. `http://c:1`\n\n**Not documented here**, since 2026-01-01T00:00:00.000Z: it cannot be reached.',
        'x-lucid-trouble': { ...trouble, kept: false },
      },
    ])
    expect(await verdict(document)).toEqual(good)
  })
})

test('the validator does find a fault in a merged document that has one', async () => {
  const { document } = merge([part('a', documentText(withSchema({ type: 'nonsense' })))], options)
  expect((await verdict({ ...document, info: {} })).valid).toBe(false)
  expect((await verdict({ ...document, paths: { 'no-slash': {} } })).valid).toBe(false)
})
