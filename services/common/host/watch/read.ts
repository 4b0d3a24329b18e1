import { clean } from '../probe.ts'

/** An object of JSON; an empty one for anything else. */
export const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {}

/** JSON, or undefined for what is none. */
export const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** One line of text without control characters, at most 200 characters; empty for anything else. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? clean(value) : '')

/** A whole number from 0, from JSON or from digits; undefined for anything else. */
export const countOf = (value: unknown): number | undefined => {
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value.trim()) ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined
}

/** A moment of an engine (RFC 3339) in epoch ms; undefined for its zero, the year 1, and for what is none. */
export const momentOf = (value: unknown): number | undefined => {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return at > 0 ? at : undefined
}
