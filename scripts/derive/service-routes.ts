import { join } from 'node:path'
import type { AnyElysia } from 'elysia'
import { catalog, type ServiceName } from '#catalog'
import type { AuditLog } from '#common/audit/log'
import { CALLERS_FIELD, PEOPLE_FIELD, type People } from '#common/http/callers'
import type { ServiceParts } from '#common/http/service'

const root = join(import.meta.dir, '..', '..')

/** Who may call a route: anybody when it is `open`, else the `callers` and `people` that it names. */
export type Access = {
  /** 'METHOD /path/:parameter' */ readonly route: string
  readonly open: boolean
  readonly callers: readonly string[]
  readonly people: People | undefined
}

const everywhere = ['/health', '/status', '/metrics', '/openapi', '/openapi.json']

/** What routes are made of where nobody is to be served: everything is there; `onUse` is called when a request uses it. */
const emptyParts = (onUse: () => void): object => {
  const part: object = new Proxy(() => {}, {
    get: (_, key) => (key === Symbol.iterator || key === 'then' ? undefined : part),
    apply: () => {
      onUse()
      return part
    },
  })
  return part
}

/** The routes of a service as its main.ts builds them, behind `parts`; of its own parts a request only reaches `onUse`. */
export const loadRoutes = async (
  service: string,
  parts: ServiceParts,
  onUse: () => void = () => {},
): Promise<AnyElysia> => {
  const { routes } = await import(join(root, 'services', service, 'routes.ts'))
  let built = false
  const part = emptyParts(() => built && onUse())
  // Own keys are for who takes the rest of its parts.
  const own = { store: part, sessions: part, folder: part, now: part }
  const audit = catalog[service as ServiceName].store && { audit: part as AuditLog }
  const all = { settings: [], ...audit, ...parts }
  const app = routes(new Proxy(own, { get: (_, key) => (key === 'parts' ? all : part) }))
  built = true
  return app
}

type Detail = {
  readonly security?: readonly unknown[]
  readonly [CALLERS_FIELD]?: readonly string[]
  readonly [PEOPLE_FIELD]?: People
}

/** Who may call which route of a service, but for the routes that every service has; by path, then method. */
export const readAccess = (app: AnyElysia): readonly Access[] =>
  app.routes
    .filter(({ path }) => !everywhere.includes(path))
    .map(({ method, path, hooks }) => {
      const { detail = {} } = hooks as { readonly detail?: Detail }
      const { [CALLERS_FIELD]: callers = [], [PEOPLE_FIELD]: people, security } = detail
      return { route: `${method} ${path}`, path, open: security?.length === 0, callers, people }
    })
    .toSorted((a, b) => (a.path === b.path ? (a.route < b.route ? -1 : 1) : a.path < b.path ? -1 : 1))
    .map(({ route, open, callers, people }) => ({ route, open, callers, people }))
