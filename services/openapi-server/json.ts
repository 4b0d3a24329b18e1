/** What JSON can hold; documents are never changed in place. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export type JsonObject = { readonly [key: string]: Json }

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The value as an object; an empty one when it is something else. */
export const asObject = (value: Json | undefined): JsonObject => (isObject(value) ? value : {})

/** True when both say the same, whatever the order of their keys. */
export const same = (a: Json | undefined, b: Json | undefined): boolean => Bun.deepEquals(a, b)

/** One step of a JSON pointer (RFC 6901) from and to its written form. */
export const escapeToken = (token: string): string => token.replaceAll('~', '~0').replaceAll('/', '~1')
export const unescapeToken = (token: string): string => token.replaceAll('~1', '/').replaceAll('~0', '~')

/** A pointer inside a document as it stands in a `$ref` (`#/a/b`), as its steps; undefined for anything else. */
export const parseReference = (ref: string): readonly string[] | undefined => {
  if (!ref.startsWith('#/')) return undefined
  try {
    return decodeURIComponent(ref.slice(2)).split('/').map(unescapeToken)
  } catch {
    return undefined // a stray % is no reference
  }
}

export const formatReference = (steps: readonly string[]): string =>
  `#/${steps.map((step) => encodeURI(escapeToken(step))).join('/')}`

/** What a pointer leads to; undefined when it leads nowhere. */
export const at = (root: Json, steps: readonly string[]): Json | undefined =>
  steps.reduce<Json | undefined>((value, step) => {
    if (Array.isArray(value)) return (value as readonly Json[])[Number(step)]
    return isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined
  }, root)
