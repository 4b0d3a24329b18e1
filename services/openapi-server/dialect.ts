import { type Document, methods } from './document.ts'
import { asObject, isObject, type Json, type JsonObject, same } from './json.ts'
import { walk } from './walk.ts'

/**
 * Brings a document to OpenAPI 3.1 as it is meant: what 3.0 said otherwise, and what Elysia writes that
 * is true of its validators but not of the wire.
 */

export const OPENAPI = '3.1.2'

/** RFC 9457, as services/common/http/problem.ts answers it. */
export const PROBLEM: JsonObject = {
  type: 'object',
  description: 'Problem details (RFC 9457). `code` is the stable name a program switches on.',
  required: ['type', 'title', 'status', 'code', 'detail'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string' },
    detail: { type: 'string' },
    request_id: { type: 'string' },
  },
  additionalProperties: true,
}

const titles: Readonly<Record<string, string>> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'No Content',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  413: 'Content Too Large',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

const isNumericText = (value: Json): boolean =>
  isObject(value) && value['type'] === 'string' && ['integer', 'numeric'].includes(String(value['format']))

/** Elysia's number takes its text too: `anyOf` of both. On the wire it is the number. */
const number = (schema: JsonObject): JsonObject => {
  const { anyOf, ...rest } = schema
  if (!Array.isArray(anyOf) || anyOf.length !== 2) return schema
  const [text, plain] = anyOf as readonly Json[]
  if (text === undefined || !isNumericText(text) || !isObject(plain)) return schema
  const whole = plain['type'] === 'number' && plain['multipleOf'] === 1
  if (!whole) return { ...rest, ...plain }
  const { multipleOf: _, ...bounds } = { ...rest, ...plain }
  return { ...bounds, type: 'integer' }
}

/** 3.0's `nullable`: without a type beside it, it said nothing (3.0.3, 4.7.24.1); with one, null is a type. */
const nullable = (schema: JsonObject): JsonObject => {
  const { nullable: may, ...rest } = schema
  if (typeof may !== 'boolean') return schema
  const { type } = rest
  return may && typeof type === 'string' && type !== 'null' ? { ...rest, type: [type, 'null'] } : rest
}

/** 3.0's exclusive bounds were flags of the inclusive ones. */
const exclusive = (schema: JsonObject): JsonObject =>
  (
    [
      ['minimum', 'exclusiveMinimum'],
      ['maximum', 'exclusiveMaximum'],
    ] as const
  ).reduce<JsonObject>((changed, [bound, flag]) => {
    const { [bound]: limit, [flag]: is, ...rest } = changed
    if (typeof is !== 'boolean') return changed
    if (limit === undefined) return rest
    return is ? { ...rest, [flag]: limit } : { ...rest, [bound]: limit }
  }, schema)

/** Beside a reference 3.0 ignored everything; 3.1 would read it. */
const alone = (object: JsonObject): JsonObject =>
  typeof object['$ref'] === 'string' ? { $ref: object['$ref'] } : object

/** A parameter with a default need not be sent. */
const optional = (parameter: JsonObject): JsonObject =>
  parameter['in'] === 'query' && asObject(parameter['schema'])['default'] !== undefined
    ? { ...parameter, required: false }
    : parameter

const isProblem = (schema: Json | undefined): boolean => {
  const { required, properties } = asObject(schema)
  return (
    same(required, PROBLEM['required']) &&
    same(Object.keys(asObject(properties)), Object.keys(asObject(PROBLEM['properties'])))
  )
}

/** Problems have a media type of their own, and are the same everywhere. */
const problem = (response: JsonObject): JsonObject => {
  const content = asObject(response['content'])
  if (!isProblem(asObject(content['application/json'])['schema'])) return response
  const media = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
  return { ...response, content: media }
}

/** Of a reply without a body Elysia writes its schema's type where the media types belong. */
const bodiless = (response: JsonObject): JsonObject => {
  const { content, ...rest } = response
  return isObject(content) && !Object.values(content).every(isObject) ? rest : response
}

/** "Response for status 404" as its title; every operation has responses. */
const titled = (operation: JsonObject): JsonObject => {
  if (!isObject(operation['responses'])) return { ...operation, responses: { 200: { description: 'OK' } } }
  const responses = Object.entries(operation['responses']).map(([status, response]) => {
    const known = titles[status]
    const isStock = asObject(response)['description'] === `Response for status ${status}`
    return [status, isStock && known !== undefined ? { ...asObject(response), description: known } : response]
  })
  return { ...operation, responses: Object.fromEntries(responses) }
}

const withTitles = (item: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(item).map(([key, value]) => [
      key,
      methods.some((method) => method === key) && isObject(value) ? titled(value) : value,
    ]),
  )

/** The same document in OpenAPI 3.1. */
export const modern = (document: Document): Document => {
  const old = document.openapi.startsWith('3.0.')
  const own = asObject(asObject(document['components'])['schemas'])
  // A service that means something else by the name keeps its meaning; its problems then stay where they are.
  const free = own['Problem'] === undefined || same(own['Problem'], PROBLEM)
  const steps = [...(old ? [alone] : []), number, nullable, exclusive, optional, bodiless, ...(free ? [problem] : [])]
  const changed = walk(document, (object) => steps.reduce((value, step) => step(value), object)) as Document
  const components = asObject(changed['components'])
  const used = free && JSON.stringify(changed).includes('"#/components/schemas/Problem"')
  return {
    ...changed,
    openapi: OPENAPI,
    paths: Object.fromEntries(Object.entries(changed.paths).map(([path, item]) => [path, withTitles(item)])),
    ...(used && { components: { ...components, schemas: { ...asObject(components['schemas']), Problem: PROBLEM } } }),
  }
}
