/**
 * Values of somebody else's JSON (the engine's, Compose's) as what they should be, or as nothing: versions differ in
 * what they leave out, and a doctor that falls over a missing field helps nobody.
 */

type Fields = Readonly<Record<string, unknown>>

export const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {} // checked beside it

export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

export const text = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''

/** A number, also one that is written as text; 0 where there is none. */
export const number = (value: unknown): number => {
  const read = typeof value === 'number' ? value : typeof value === 'string' ? Number.parseFloat(value) : 0
  return Number.isFinite(read) ? read : 0
}

/** A value below others by its path: `at(inspect, 'State', 'Health', 'Status')`. */
export const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((inner, key) => fields(inner)[key], value)

/** One JSON value; undefined where it is none. */
export const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** The JSON values of lines, one a line; what is none is left out. */
export const parsedLines = (lines: string): readonly unknown[] =>
  lines.split('\n').flatMap((line) => {
    const value = line.startsWith('{') ? parsed(line) : undefined
    return value === undefined ? [] : [value]
  })
