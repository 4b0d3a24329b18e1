import type { Json, JsonObject } from './json.ts'

/** A document as one of our services serves it, with `change` laid over its root. */
export const documentText = (change: JsonObject = {}): string =>
  JSON.stringify({
    openapi: '3.1.2',
    info: { title: 'maker', version: '1.0.0' },
    paths: {
      '/health': { get: { operationId: 'getHealth', security: [] } },
      '/things/{id}': {
        get: { operationId: 'getThing', responses: { 200: reply({ $ref: '#/components/schemas/Thing' }) } },
      },
    },
    components: {
      schemas: { Thing: { type: 'object', properties: { next: { $ref: '#/components/schemas/Thing' } } } },
      securitySchemes: { serviceToken: { type: 'http', scheme: 'bearer' } },
    },
    security: [{ serviceToken: [] }],
    ...change,
  } satisfies JsonObject)

/** A reply with this schema. */
export const reply = (schema: Json): JsonObject => ({
  description: 'a reply',
  content: { 'application/json': { schema } },
})

/** The same, with only this schema in one operation. */
export const withSchema = (schema: Json): JsonObject => ({
  paths: { '/a': { get: { responses: { 200: reply(schema) } } } },
})
