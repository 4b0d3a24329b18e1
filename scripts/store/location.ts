import { Secret } from '#common/process/env'

/** Where stores are kept. `shown` is what may be printed: never a user name, a password or an option. */
export type Location =
  | { readonly kind: 'sqlite'; readonly path: string; readonly shown: string }
  | { readonly kind: 'mongodb'; readonly url: Secret; readonly shown: string }

/** A location, or what is wrong with it in words that repeat nothing of what may be a secret. */
export type ParsedLocation = { readonly location: Location } | { readonly mistake: string }

const KNOWN = 'sqlite:PATH, mongodb://HOST/DATABASE or mongodb+srv://HOST/DATABASE'

const ENCODE = 'a user name or password with a special character needs it percent-encoded (@ is %40)'

const mistake = (text: string): ParsedLocation => ({ mistake: text })

const sqlite = (path: string): ParsedLocation => {
  if (path === '' || path.includes('\0')) return mistake('sqlite: needs a path, as sqlite:.lucid')
  if (path.startsWith('//')) return mistake('sqlite: takes a path and no host: sqlite:/srv/lucid, one slash')
  if (path.startsWith(':')) return mistake('sqlite: takes a folder or a file; a store in memory has no copy')
  return { location: { kind: 'sqlite', path, shown: `sqlite:${path}` } }
}

const host = String.raw`(?:[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_.])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?`
const rest = new RegExp(String.raw`^(${host}(?:,${host})*)(?:/([A-Za-z0-9_-]*))?(?:\?([^#]*))?$`)

const decodes = (text: string): boolean => {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

/** A connection string; an unescaped `@`, `/` or `?` in a password is a mistake: it could move a secret's border. */
const mongodb = (scheme: string, text: string): ParsedLocation => {
  const [head = '', query = ''] = text.split(/\?(.*)/s, 2)
  const parts = head.split('@')
  if (parts.length > 2 || query.includes('@')) return mistake(ENCODE)
  const [user, hosts = ''] = parts.length === 2 ? parts : [undefined, parts[0]]
  if (user !== undefined && (user === '' || /[/#[\]\s]/.test(user) || !decodes(user))) return mistake(ENCODE)
  const found = rest.exec(query === '' ? hosts : `${hosts}?${query}`)
  if (found === null) return mistake(`this is no MongoDB URL: ${scheme}://USER:PASSWORD@HOST:PORT/DATABASE?OPTIONS`)
  const [, names = '', database = ''] = found
  const shown = `${scheme}://${names}${database === '' ? '' : `/${database}`}`
  return { location: { kind: 'mongodb', url: new Secret(`${scheme}://${text}`), shown } }
}

/** Reads what follows `--from` and `--to`. Throws nothing. */
export const parseLocation = (text: string): ParsedLocation => {
  const [, scheme, slashes = '', after = ''] = /^(sqlite|mongodb|mongodb\+srv):(\/\/)?(.*)$/s.exec(text) ?? []
  if (scheme === 'sqlite') return sqlite(slashes + after)
  if (scheme === undefined || slashes === '') return mistake(`a location is ${KNOWN}`)
  return mongodb(scheme, after)
}
