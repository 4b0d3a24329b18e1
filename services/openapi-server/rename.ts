import type { Document } from './document.ts'
import { asObject, formatReference, isObject, type Json, type JsonObject, parseReference } from './json.ts'
import { walk } from './walk.ts'

/** How the names of one document read in the merged one. */
export type Names = {
  readonly path: (path: string) => string
  readonly component: (kind: string, name: string) => string
  readonly operation: (id: string) => string
}

const renamedRef = (ref: string, names: Names): string => {
  const [root, first, second, ...rest] = parseReference(ref) ?? []
  if (root === 'paths' && first !== undefined)
    return formatReference([root, names.path(first), ...(second === undefined ? [] : [second]), ...rest])
  if (root === 'components' && first !== undefined && second !== undefined)
    return formatReference([root, first, names.component(first, second), ...rest])
  return ref
}

/** A discriminator's mapping has references, or bare names of schemas. */
const renamedMapping = (mapping: JsonObject, names: Names): JsonObject =>
  Object.fromEntries(
    Object.entries(mapping).map(([value, target]) => {
      if (typeof target !== 'string') return [value, target]
      return [
        value,
        target.startsWith('#')
          ? renamedRef(target, names)
          : formatReference(['components', 'schemas', names.component('schemas', target)]),
      ]
    }),
  )

const renamedSecurity = (security: readonly Json[], names: Names): readonly Json[] =>
  security.map((requirement) =>
    Object.fromEntries(
      Object.entries(asObject(requirement)).map(([scheme, scopes]) => [
        names.component('securitySchemes', scheme),
        scopes,
      ]),
    ),
  )

const renamedObject = (object: JsonObject, names: Names): JsonObject => {
  const { $ref: ref, mapping, operationId, security } = object
  return {
    ...object,
    ...(typeof ref === 'string' && { $ref: renamedRef(ref, names) }),
    ...(isObject(mapping) && typeof object['propertyName'] === 'string' && { mapping: renamedMapping(mapping, names) }),
    ...(typeof operationId === 'string' && { operationId: names.operation(operationId) }),
    ...(Array.isArray(security) && { security: renamedSecurity(security, names) }),
  }
}

const keysBy = (map: JsonObject, name: (key: string) => string): JsonObject =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [name(key), value]))

/** The document under other names, with everything that refers to them: $ref, discriminators, links, security. */
export const renamed = (document: Document, names: Names): Document => {
  const changed = walk(document, (object) => renamedObject(object, names)) as Document
  const components = Object.entries(asObject(changed['components'])).map(([kind, map]) => [
    kind,
    keysBy(asObject(map), (name) => names.component(kind, name)),
  ])
  return {
    ...changed,
    paths: keysBy(changed.paths, names.path) as Document['paths'],
    ...(components.length > 0 && { components: Object.fromEntries(components) }),
  }
}
