import { Fault } from '../process/fault.ts'
import { utf8 } from './bytes.ts'

/**
 * JSON of somebody else's, looked at before it is parsed: a value costs its parser up to a hundred times its own
 * bytes (64 MiB of `[` cost 5 GB), so depth and number are counted first, in one pass that keeps nothing.
 */

/** `depth` = brackets open at once; `parts` = values and names, in all. */
export type JsonBounds = { readonly depth: number; readonly parts: number }

/** What every document of a few dozen fields fits into. */
export const SMALL_JSON: JsonBounds = { depth: 16, parts: 1000 }

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const OPENING = [0x5b, 0x7b]
const CLOSING = [0x5d, 0x7d]
const SEPARATORS = [0x2c, 0x3a]

/** What each byte outside a string does to the count: it opens, closes, or parts two values. */
const EFFECTS = Uint8Array.from({ length: 256 }, (_, byte) =>
  OPENING.includes(byte) ? 1 : CLOSING.includes(byte) ? 2 : SEPARATORS.includes(byte) ? 3 : byte === QUOTE ? 4 : 0,
)

/** The place of the quote that ends the string which starts at `from`; beyond the bytes when none does. */
const endOfString = (bytes: Uint8Array, from: number): number => {
  let at = from + 1
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at
}

/** Throws Fault `json-bounds` when a parser would meet more than the bounds allow, before any fault of syntax. */
export const checkJsonBounds = (bytes: Uint8Array, { depth, parts }: JsonBounds): void => {
  let open = 0
  let count = 1
  for (let at = 0; at < bytes.length; at += 1) {
    const effect = EFFECTS[bytes[at] ?? 0]
    if (effect === 0) continue
    if (effect === 4) at = endOfString(bytes, at)
    else if (effect === 2) open -= 1
    else {
      count += 1
      if (effect === 1) open += 1
      if (open > depth) throw new Fault('invalid', 'json-bounds', `JSON nested deeper than ${depth} levels`)
      if (count > parts) throw new Fault('invalid', 'json-bounds', `JSON of more than ${parts} values and names`)
    }
  }
}

/** The value of a JSON text in UTF-8. Throws Fault `invalid`: `json-bounds`, or `not-json` for anything else. */
export const parseJson = (source: string | Uint8Array, bounds: JsonBounds = SMALL_JSON): unknown => {
  const bytes = typeof source === 'string' ? utf8(source) : source
  checkJsonBounds(bytes, bounds)
  try {
    return JSON.parse(
      typeof source === 'string' ? source : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(source),
    )
  } catch (cause) {
    throw new Fault('invalid', 'not-json', 'this is not JSON in UTF-8', { cause })
  }
}

const countNames = (bytes: Uint8Array): number => {
  let count = 0
  for (let at = 0; at < bytes.length; at += 1)
    if (bytes[at] === QUOTE) at = endOfString(bytes, at)
    else if (bytes[at] === COLON) count += 1
  return count
}

const countKeys = (value: unknown): number => {
  if (typeof value !== 'object' || value === null) return 0
  const parts: readonly unknown[] = Object.values(value)
  const own = Array.isArray(value) ? 0 : parts.length
  return parts.reduce((sum: number, part) => sum + countKeys(part), own)
}

/** True when an object of the text has a name twice: `value`, which was parsed from it, has fewer. */
export const repeatsName = (text: Uint8Array, value: unknown): boolean => countNames(text) > countKeys(value)
