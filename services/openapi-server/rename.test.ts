import { expect, test } from 'bun:test'
import type { Document } from './document.ts'
import type { JsonObject } from './json.ts'
import { renamed } from './rename.ts'

const names = {
  path: (path: string) => `/s${path}`,
  component: (_: string, name: string) => `s.${name}`,
  operation: (id: string) => `s.${id}`,
}

const before: JsonObject = {
  openapi: '3.1.2',
  info: { title: 's', version: '1' },
  security: [{ token: [] }],
  paths: {
    '/a/{id}': {
      parameters: [{ $ref: '#/components/parameters/id' }],
      get: {
        operationId: 'getA',
        security: [{ token: [], other: ['x'] }],
        responses: {
          200: {
            description: '',
            links: { next: { operationId: 'getA', parameters: { id: '$ref' } } },
            content: { 'application/json': { schema: { $ref: '#/components/schemas/A/properties/b' } } },
          },
          default: { $ref: '#/components/responses/Bad' },
        },
      },
    },
    '/b': { $ref: '#/paths/~1a~1%7Bid%7D' },
  },
  components: {
    schemas: {
      A: {
        discriminator: { propertyName: 'k', mapping: { one: '#/components/schemas/A', two: 'A' } },
        properties: { b: { type: 'object', properties: { mapping: { type: 'string' }, $ref: { type: 'string' } } } },
        default: { $ref: '#/components/schemas/A' },
      },
    },
    parameters: { id: { name: 'id', in: 'path', required: true, schema: { type: 'string' } } },
    responses: { Bad: { description: 'bad' } },
    securitySchemes: { token: { type: 'http', scheme: 'bearer' }, other: { type: 'oauth2', flows: {} } },
  },
}

const after: JsonObject = {
  openapi: '3.1.2',
  info: { title: 's', version: '1' },
  security: [{ 's.token': [] }],
  paths: {
    '/s/a/{id}': {
      parameters: [{ $ref: '#/components/parameters/s.id' }],
      get: {
        operationId: 's.getA',
        security: [{ 's.token': [], 's.other': ['x'] }],
        responses: {
          200: {
            description: '',
            links: { next: { operationId: 's.getA', parameters: { id: '$ref' } } },
            content: { 'application/json': { schema: { $ref: '#/components/schemas/s.A/properties/b' } } },
          },
          default: { $ref: '#/components/responses/s.Bad' },
        },
      },
    },
    '/s/b': { $ref: '#/paths/~1s~1a~1%7Bid%7D' },
  },
  components: {
    schemas: {
      's.A': {
        discriminator: {
          propertyName: 'k',
          mapping: { one: '#/components/schemas/s.A', two: '#/components/schemas/s.A' },
        },
        properties: { b: { type: 'object', properties: { mapping: { type: 'string' }, $ref: { type: 'string' } } } },
        default: { $ref: '#/components/schemas/A' },
      },
    },
    parameters: { 's.id': { name: 'id', in: 'path', required: true, schema: { type: 'string' } } },
    responses: { 's.Bad': { description: 'bad' } },
    securitySchemes: { 's.token': { type: 'http', scheme: 'bearer' }, 's.other': { type: 'oauth2', flows: {} } },
  },
}

test('everything that names something is renamed with it, and data is not', () => {
  expect(renamed(before as Document, names)).toEqual(after as Document) // both have what a Document must
})
