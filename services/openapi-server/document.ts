import { asObject, at, isObject, type Json, type JsonObject, parseReference } from './json.ts'
import { walk } from './walk.ts'

/** An OpenAPI 3.0 or 3.1 document that can be merged: see `readDocument`. */
export type Document = JsonObject & {
  readonly openapi: string
  readonly info: JsonObject
  readonly paths: Readonly<Record<string, JsonObject>>
}

/** The operations that a path item may have (OpenAPI 3.1, 4.8.9.1). */
export const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const

const parsed = (text: string): Json | undefined => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const shapeFaults = (document: JsonObject): readonly string[] => {
  const { openapi, info, paths } = document
  return [
    ...(typeof openapi === 'string' && /^3\.[01]\.\d+$/.test(openapi)
      ? []
      : [`its version is ${JSON.stringify(openapi ?? null)}, not 3.0 or 3.1`]),
    ...(isObject(info) && typeof info['title'] === 'string' ? [] : ['it has no info.title']),
    ...(isObject(paths) ? [] : ['it has no paths']),
    ...Object.entries(asObject(paths)).flatMap(([path, item]) => [
      ...(path.startsWith('/') ? [] : [`the path ${JSON.stringify(path)} does not begin with /`]),
      ...(isObject(item) ? [] : [`the path ${JSON.stringify(path)} is no object`]),
    ]),
  ]
}

const componentFaults = (document: JsonObject): readonly string[] =>
  Object.entries(asObject(document['components'])).flatMap(([kind, components]) =>
    Object.keys(asObject(components))
      .filter((name) => !/^[a-zA-Z0-9._-]+$/.test(name))
      .map((name) => `components.${kind} has the name ${JSON.stringify(name)}`),
  )

/** What stays inside components and paths can be renamed; what points elsewhere would break or be fetched. */
const referenceFaults = (document: JsonObject): readonly string[] => {
  const found = new Set<string>()
  walk(document, (object) => {
    const { $ref: ref } = object
    if (typeof ref !== 'string') return object
    const steps = parseReference(ref)
    if (steps === undefined) found.add(`the reference ${ref} leads out of the document`)
    else if (!['components', 'paths'].includes(steps[0] ?? '') || steps.length < 2)
      found.add(`the reference ${ref} leads to neither components nor paths`)
    else if (at(document, steps) === undefined) found.add(`the reference ${ref} leads nowhere`)
    return object
  })
  return [...found]
}

const operationFaults = (document: JsonObject): readonly string[] => {
  const ids = Object.values(asObject(document['paths']))
    .flatMap((item) => methods.map((method) => asObject(asObject(item)[method])['operationId']))
    .filter((id) => typeof id === 'string')
  return [...new Set(ids.filter((id, i) => ids.indexOf(id) !== i))].map((id) => `two operations have the id ${id}`)
}

/**
 * Reads what a service serves as /openapi.json. Answers all that keeps it from being merged, one sentence each,
 * when there is something.
 */
export const readDocument = (
  text: string,
): { readonly document: Document } | { readonly faults: readonly string[] } => {
  const value = parsed(text)
  if (!isObject(value)) return { faults: ['it is no JSON object'] }
  const shape = shapeFaults(value)
  const faults = [
    ...shape,
    ...(shape.length > 0 ? [] : [...componentFaults(value), ...referenceFaults(value), ...operationFaults(value)]),
  ]
  return faults.length > 0 ? { faults } : { document: value as Document } // what shapeFaults has just checked
}
