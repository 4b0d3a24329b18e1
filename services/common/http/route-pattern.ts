/** Where the router begins to look for the path of an address, with `standardHostname: false`. */
const AFTER_SCHEME = 'http://'.length

/**
 * The path of a request, or undefined where the router would read another one out of the address than the URL
 * standard does (a `#`, a missing or malformed Host). Such a request must be refused: the token is asked for by
 * this path, and the route is chosen by the router's.
 */
export const pathOf = (request: Request): string | undefined => {
  const { url } = request
  const path = URL.parse(url)?.pathname
  const from = url.indexOf('/', AFTER_SCHEME)
  const query = url.indexOf('?', from + 1)
  return path === url.slice(from, query === -1 ? undefined : query) ? path : undefined
}

/** What is true of 'METHOD /path' if it is one of the routes, each given as 'METHOD /path/:with/:parameters'. */
export const routeMatcher = (routes: readonly string[]): ((route: string) => boolean) => {
  if (routes.length === 0) return () => false
  const any = routes.join('|').replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')
  const all = new RegExp(`^(?:${any})$`)
  return (route) => all.test(route)
}
