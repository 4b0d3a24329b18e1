const compiled = new Map<string, RegExp>()

const regex = (pattern: string): RegExp => {
  const known = compiled.get(pattern)
  if (known) return known
  const made = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll(/:[A-Za-z_]+/g, '[^/]+')}$`)
  compiled.set(pattern, made)
  return made
}

/** True if the request is for one of the routes, each given as 'METHOD /path/:with/:parameters'. */
export const matchesRoute = (routes: readonly string[], request: Request): boolean => {
  if (routes.length === 0) return false
  const wanted = `${request.method} ${new URL(request.url).pathname}`
  return routes.some((route) => regex(route).test(wanted))
}
