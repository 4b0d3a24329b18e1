/**
 * The env files of stacks, as Docker Compose reads them, but for what no two readers agree on, which is refused: variables in
 * values, keys without a value, doubled keys. dotenv is no substitute: it ends an unquoted value at any `#`.
 */

export type EnvFault = { readonly line: number; readonly what: string }
export type EnvFile = { readonly values: Readonly<Record<string, string>>; readonly faults: readonly EnvFault[] }

const KEY = /^(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=[ \t]*/
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' }
const DOLLAR = 'has a $, which Compose would replace: put the value in single quotes'

type Value = { readonly value: string } | { readonly fault: string }
type Read = Value & { readonly end: number }

const lineEnd = (text: string, from: number): number => {
  const at = text.indexOf('\n', from)
  return at < 0 ? text.length : at
}

/** Behind a closing quote stands nothing but a comment. */
const closed = (text: string, value: Value, end: number): Read => {
  const stop = lineEnd(text, end)
  return /^[ \t]*(?:#.*)?$/.test(text.slice(end, stop))
    ? { ...value, end: stop }
    : { fault: 'goes on after its closing quote', end: stop }
}

/** Nothing is replaced between single quotes but \\' for a quote. */
const singleQuoted = (text: string, from: number): Read => {
  const raw = /^(?:[^'\\]|\\'|\\(?!'))*(?=')/s.exec(text.slice(from + 1))?.[0]
  if (raw === undefined) return { fault: 'has no closing quote', end: text.length }
  const end = from + raw.length + 2
  return raw.includes("\\\\'") || raw.endsWith('\\')
    ? { fault: 'has two backslashes before a quote, which readers take differently', end: lineEnd(text, end) }
    : closed(text, { value: raw.replaceAll("\\'", "'") }, end)
}

const unescaped = (raw: string): Value => {
  if (/(?<!\\)(?:\\\\)*\$/.test(raw) || raw.includes('\\$')) return { fault: DOLLAR }
  const odd = /\\(?:\\|["nrt])|\\(.?)/gs
  for (const [, other] of raw.matchAll(odd))
    if (other !== undefined) return { fault: `has the escape \\${other}: use single quotes` }
  return { value: raw.replaceAll(/\\(.)/gs, (_, one: string) => ESCAPES[one] ?? one) }
}

const doubleQuoted = (text: string, from: number): Read => {
  const raw = /^(?:[^"\\]|\\.)*(?=")/s.exec(text.slice(from + 1))?.[0]
  return raw === undefined
    ? { fault: 'has no closing quote', end: text.length }
    : closed(text, unescaped(raw), from + raw.length + 2)
}

const bare = (text: string, from: number): Read => {
  const end = lineEnd(text, from)
  const raw = text.slice(from, end)
  // Compose takes these for a value, other readers for a comment.
  if (raw.startsWith('#') || /\t#/.test(raw)) return { fault: 'has a # that may be a comment or not: use quotes', end }
  const value = raw.replace(/ #.*$/, '').trim()
  return value.includes('$') ? { fault: DOLLAR, end } : { value, end }
}

const valueAt = (text: string, at: number): Read =>
  text[at] === "'" ? singleQuoted(text, at) : text[at] === '"' ? doubleQuoted(text, at) : bare(text, at)

/** Reads an env file. Lines count from 1; a fault never quotes a value. */
export const parseEnvFile = (source: string): EnvFile => {
  const text = source.replaceAll('\r\n', '\n').replace(/^\uFEFF/, '')
  const values: Record<string, string> = {}
  const faults: EnvFault[] = []
  let at = 0
  while (at < text.length) {
    const line = text.slice(0, at).split('\n').length
    const rest = text.slice(at, lineEnd(text, at))
    const indent = rest.length - rest.trimStart().length
    const key = KEY.exec(rest.trimStart())
    if (rest.trim() === '' || rest.trimStart().startsWith('#')) at += rest.length + 1
    else if (key?.[1] === undefined) {
      faults.push({ line, what: 'is no KEY=value and no comment' })
      at += rest.length + 1
    } else {
      const [whole, name] = key
      const read = valueAt(text, at + indent + whole.length)
      if ('fault' in read) faults.push({ line, what: `${name} ${read.fault}` })
      else if (Object.hasOwn(values, name)) faults.push({ line, what: `${name} stands twice` })
      else values[name] = read.value
      at = read.end + 1
    }
  }
  return { values, faults }
}

const PLACEHOLDER = /change[-_ ]?me|USER:PASSWORD|<[^<>]*>|^(?:x{3,}|todo|tbd|replace[-_ ]?me|your[-_ ].*)$/i

/** True for a value that somebody was meant to fill in. An empty one is none by itself: some keys may be empty. */
export const isPlaceholder = (value: string): boolean => PLACEHOLDER.test(value)

export type EnvDemands = {
  readonly required?: readonly string[]
  /** Keys that Compose sets for a service by KEY_FILE: with both, the service refuses to start. */
  readonly files?: readonly string[]
}

/** What is wrong with values of an env file, a sentence for each key; no value is quoted. */
export const findEnvFaults = (
  values: Readonly<Record<string, string>>,
  { required = [], files = [] }: EnvDemands = {},
): readonly string[] => [
  ...Object.entries(values).flatMap(([key, value]) =>
    isPlaceholder(value) ? [`${key} still holds a placeholder: give it a value, or leave it out`] : [],
  ),
  ...required.flatMap((key) => ((values[key] ?? '') === '' ? [`${key} is required and has no value`] : [])),
  ...files.flatMap((key) =>
    values[key] === undefined ? [] : [`${key} is read from a file that the host makes: leave it out`],
  ),
]

/** The values of a derived example, for a stack that has no file of its own: its defaults, without placeholders. */
export const readDefaults = (example: string): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(parseEnvFile(example).values).filter(([, value]) => !isPlaceholder(value)))
