import { OPENAPI, PROBLEM } from './dialect.ts'
import { type Document, methods } from './document.ts'
import { asObject, isObject, type Json, type JsonObject, same } from './json.ts'
import { renamed } from './rename.ts'

/** What is known of one service; `document` is in the dialect of `modern`. */
export type Part = {
  readonly service: string
  readonly summary: string
  /** Where it answers inside the networks. */
  readonly address: string
  readonly document: Document | undefined
  /** Why `document` is not what the service serves now, and since when (epoch ms). */
  readonly trouble?: { readonly what: string; readonly since: number } | undefined
}

export type MergeOptions = {
  readonly title: string
  readonly version: string
  /** What the paths of a service begin with; by default `/<service>`. */
  readonly prefix?: (service: string) => string
}

export type Merged = {
  readonly document: JsonObject
  /** What could not be taken over, one sentence each, by service. */
  readonly conflicts: readonly { readonly service: string; readonly what: string }[]
}

const ABOUT = `All HTTP interfaces of this Lucid, merged from what each service says of itself.

A path begins with the name of its service; what follows is asked at the service's own address, which stands with its
group. A route without a lock is open to everybody who reaches it; all others need the token of a service that the
catalogue lists as a caller (x-callers), or of a person who may (x-people). Every error is a problem document (RFC 9457).`

/** Routes that every service has (SPEC section 3) go last: they are not what somebody looks for. */
const everywhere = ['/health', '/status', '/metrics']

/** These read the same everywhere, so one copy serves all: the problem document, and the way to prove who calls. */
const isShared = (kind: string, name: string, value: Json | undefined, taken: JsonObject): boolean => {
  if (kind === 'schemas') return name === 'Problem' && same(value, PROBLEM)
  return kind === 'securitySchemes' && (taken[name] === undefined || same(taken[name], value))
}

const operationOf = (value: Json, part: Part, security: Json | undefined): JsonObject => {
  const { tags, ...operation } = asObject(value)
  return {
    ...operation,
    tags: [part.service],
    ...(tags !== undefined && { 'x-lucid-tags': tags }),
    ...(operation['security'] === undefined && security !== undefined && { security }),
  }
}

const itemOf = (item: JsonObject, part: Part, security: Json | undefined): JsonObject =>
  Object.fromEntries(
    Object.entries(item).map(([key, value]) => [
      key,
      methods.some((method) => method === key) ? operationOf(value, part, security) : value,
    ]),
  )

const isoOf = (ms: number) => new Date(ms).toISOString()

const stateOf = ({ document, trouble }: Part): string | undefined => {
  if (trouble === undefined) return undefined
  const { what, since } = trouble
  return document === undefined
    ? `**Not documented here**, since ${isoOf(since)}: ${what}.`
    : `**As it was last read**; since ${isoOf(since)}: ${what}.`
}

const tagOf = (part: Part): JsonObject => ({
  name: part.service,
  description: [`${part.summary}. \`${part.address}\``, stateOf(part)].filter(Boolean).join('\n\n'),
  ...(part.trouble && { 'x-lucid-trouble': { ...part.trouble, kept: part.document !== undefined } }),
})

/** Whatever a document says at its root and that has no place in the merged one. */
const leftOut = ['webhooks', 'externalDocs', 'servers']

/**
 * One document of all parts, in their order. Names of components get their service before them, and a path the
 * prefix of its service; nothing is lost in silence: what clashes with an earlier part is in `conflicts`.
 */
export const merge = (parts: readonly Part[], options: MergeOptions): Merged => {
  const { prefix = (service) => `/${service}` } = options
  const paths = new Map<string, JsonObject>()
  const components: Record<string, Record<string, Json>> = {}
  const conflicts: { service: string; what: string }[] = []

  for (const part of parts) {
    if (part.document === undefined) continue
    const clash = (what: string) => void conflicts.push({ service: part.service, what })
    const own = asObject(part.document['components'])
    const named = renamed(part.document, {
      path: (path) => `${prefix(part.service)}${path}`,
      component: (kind, name) =>
        isShared(kind, name, asObject(own[kind])[name], components[kind] ?? {}) ? name : `${part.service}.${name}`,
      operation: (id) => `${part.service}.${id}`,
    })
    for (const [kind, map] of Object.entries(asObject(named['components'])))
      for (const [name, value] of Object.entries(asObject(map))) {
        const known = components[kind]?.[name]
        if (known !== undefined && !same(known, value)) clash(`components.${kind}.${name} is taken`)
        else components[kind] = { ...components[kind], [name]: value }
      }
    const common = everywhere.map((path) => `${prefix(part.service)}${path}`)
    const ordered = Object.entries(named.paths).toSorted(([a], [b]) => common.indexOf(a) - common.indexOf(b))
    for (const [path, item] of ordered) {
      if (paths.has(path)) clash(`the path ${path} is taken`)
      else paths.set(path, itemOf(item, part, named['security']))
    }
    for (const key of leftOut) if (named[key] !== undefined) clash(`its ${key} have no place here`)
  }

  return {
    document: {
      openapi: OPENAPI,
      info: { title: options.title, version: options.version, description: ABOUT },
      tags: parts.map(tagOf),
      paths: Object.fromEntries(paths),
      components,
      ...(conflicts.length > 0 && { 'x-lucid-conflicts': conflicts }),
    },
    conflicts,
  }
}

/** Paths and operations of a document, for a status. */
export const countOperations = (document: Document): number =>
  Object.values(document.paths).reduce(
    (sum, item) => sum + methods.filter((method) => isObject(item[method])).length,
    0,
  )
