/** Where a value of a Compose file is replaced: `$$`, `${NAME}`, `${NAME:-default}` (Compose specification, interpolation). */
const REFERENCE = /\$\$|\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g

/** A value with its references replaced; a name that is not given and has no default becomes nothing. */
export const interpolate = (text: string, given: Readonly<Record<string, string>>): string =>
  text.replaceAll(REFERENCE, (whole, name?: string, otherwise?: string) =>
    whole === '$$' ? '$' : (name !== undefined && given[name]) || (otherwise ?? ''),
  )

/** The same in every text of a document. */
export const interpolateAll = (value: unknown, given: Readonly<Record<string, string>>): unknown => {
  if (typeof value === 'string') return interpolate(value, given)
  if (Array.isArray(value)) return value.map((one) => interpolateAll(one, given))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, interpolateAll(one, given)]))
}

/** The opposite: a document whose texts Compose reads as they are. */
export const escapeAll = (value: unknown): unknown => {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$')
  if (Array.isArray(value)) return value.map(escapeAll)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, escapeAll(one)]))
}
