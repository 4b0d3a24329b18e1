import { isObject, type Json, type JsonObject } from './json.ts'

/** Maps from names to objects: their keys mean nothing by themselves, a property may be called `default`. */
const names = new Set([
  '$defs',
  'callbacks',
  'content',
  'definitions',
  'dependentSchemas',
  'encoding',
  'examples',
  'headers',
  'links',
  'parameters',
  'pathItems',
  'paths',
  'patternProperties',
  'properties',
  'requestBodies',
  'responses',
  'schemas',
  'securitySchemes',
  'variables',
  'webhooks',
])

/** Values that are data: a `$ref` in them is nobody's reference. */
const data = new Set(['const', 'default', 'enum', 'example', 'mapping', 'value'])

const isData = (key: string, value: Json): boolean =>
  data.has(key) || key.startsWith('x-') || (key === 'examples' && Array.isArray(value))

const inNames = (map: JsonObject, visit: (object: JsonObject) => JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(map).map(([name, value]) => [name, walk(value, visit)]))

/**
 * A copy of an OpenAPI document, or of a part, in which `visit` has been given every object of the
 * specification and of JSON Schema, innermost first. Examples, defaults and extensions are left as they are.
 */
export const walk = (value: Json, visit: (object: JsonObject) => JsonObject): Json => {
  if (Array.isArray(value)) return (value as readonly Json[]).map((one) => walk(one, visit))
  if (!isObject(value)) return value
  const inner = Object.entries(value).map(([key, child]): readonly [string, Json] => {
    if (isData(key, child)) return [key, child]
    return [key, names.has(key) && isObject(child) ? inNames(child, visit) : walk(child, visit)]
  })
  return visit(Object.fromEntries(inner))
}
