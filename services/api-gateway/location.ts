import type { Entry } from '#catalog'

/** How a route is limited, and how its body travels. */
export type Kind = 'open' | 'guarded' | 'stream' | 'events'

/** A path of the outside with the methods it takes. */
export type Location = {
  readonly service: string
  /** After `location`: what it matches of a normalised path. Exact paths go before patterns. */
  readonly match: string
  /** The path at the service: a path, or the variable that the pattern sets. */
  readonly target: string
  readonly methods: readonly string[]
  readonly kind: Kind
}

/** All that may stand for a parameter: identifiers, hashes, numbers, words. Nothing that needs an escape. */
const PARAMETER = '[A-Za-z0-9._~-]{1,128}'

const literal = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

const buildMatch = (prefix: string, path: string): Pick<Location, 'match' | 'target'> => {
  if (!/\/[:*]/.test(path)) return { match: `= ${prefix}${path}`, target: path }
  const segments = path
    .split('/')
    .map((part) => (part === '*' ? `${PARAMETER}(?:/${PARAMETER})*` : part.startsWith(':') ? PARAMETER : literal(part)))
  return { match: `~ "^${literal(prefix)}(?<path>${segments.join('/')})\\z"`, target: '$path' }
}

/** NGINX takes the first pattern that fits: what is particular stands before what is guarded, which may be all below a path. */
const kinds: readonly (readonly [key: 'open' | 'guarded' | 'streams' | 'events', kind: Kind])[] = [
  ['open', 'open'],
  ['streams', 'stream'],
  ['events', 'events'],
  ['guarded', 'guarded'],
]

/**
 * The locations of a service's public routes. Throws when routes of one path
 * are of different kinds: NGINX chooses by path.
 */
export const buildLocations = (service: string, shown: NonNullable<Entry['public']>): readonly Location[] => {
  const found = new Map<string, Location>()
  for (const [key, kind] of kinds)
    for (const route of shown[key] ?? []) {
      const [method = '', path = ''] = route.split(' ')
      const before = found.get(path)
      if (before !== undefined && before.kind !== kind)
        throw new Error(`${service}: ${path} is ${before.kind} and ${kind}`)
      const methods = [...(before?.methods ?? []), method]
      found.set(path, { service, ...buildMatch(shown.prefix, path), methods, kind })
    }
  return [...found.values()]
}
