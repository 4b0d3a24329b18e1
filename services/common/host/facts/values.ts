import { escapeSentence } from '../../process/escape.ts'

/** Somebody else's text and JSON as what they should be, or nothing: versions differ in what they leave out. */

type Fields = Readonly<Record<string, unknown>>

/** An object of JSON; an empty one for anything else. */
export const readObject = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {} // checked beside it

export const readList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** A value below others by its path: `readAt(file, 'services', 'mongo', 'image')`. */
export const readAt = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((inner, key) => readObject(inner)[key], value)

/** JSON, or undefined for what is none. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Text as it stands, a number as digits; empty for anything else. */
export const readString = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''

/** Text as one line, of its first `most` characters; empty for anything else. */
export const readText = (value: unknown, most = 200): string =>
  typeof value === 'string' ? escapeSentence(value, most) : ''

/** A whole number from 0, from JSON or from digits; undefined for anything else. */
export const readCount = (value: unknown): number | undefined => {
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value.trim()) ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined
}

/** A number, also one that text begins with; 0 where there is none. */
export const readNumber = (value: unknown): number => {
  const number = typeof value === 'string' ? Number.parseFloat(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : 0
}

/** A moment of an engine (RFC 3339) in epoch ms; undefined for its zero, the year 1, and for what is none. */
export const readMoment = (value: unknown): number | undefined => {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return at > 0 ? at : undefined
}

/** Without the fields that are undefined. */
export const dropUndefined = <T extends object>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof T]?: Exclude<T[K], undefined> // what fromEntries cannot say
  }
