import { expect, test } from 'bun:test'
import { catalog, type ServiceName } from '#catalog'
import { AUDITED_FIELD, changesSomething, UNAUDITED_FIELD } from '#common/http/audited'
import { testParts } from '#common/testing/app'
import { loadRoutes, readAccess } from '#scripts/derive/service-routes'

type Detail = { readonly [AUDITED_FIELD]?: true; readonly [UNAUDITED_FIELD]?: string }

/** The routes of a service that change something and need a token, by what they say of the audit log. */
const listChanges = async (name: ServiceName): Promise<Readonly<Record<string, Detail>>> => {
  const app = await loadRoutes(name, testParts)
  const guarded = new Set(readAccess(app).flatMap(({ route, open }) => (open ? [] : [route])))
  return Object.fromEntries(
    app.routes
      .filter(({ method, path }) => changesSomething(method) && guarded.has(`${method} ${path}`))
      .map(({ method, path, hooks }) => [`${method} ${path}`, (hooks as { readonly detail?: Detail }).detail ?? {}]),
  )
}

const names = Object.keys(catalog) as ServiceName[]
const table = await Promise.all(names.map(async (name) => [name, await listChanges(name)] as const))

test('routes that change something are found', () => {
  const found = table.flatMap(([name, routes]) => Object.keys(routes).map((route) => `${name} ${route}`))
  expect(found).toContain('session-orchestrator POST /sessions')
  expect(found.length).toBeGreaterThan(20)
})

test.each(table)('every route of %s that changes something is in its audit log, or says why not', (name, routes) => {
  for (const [route, detail] of Object.entries(routes)) {
    const reason = detail[UNAUDITED_FIELD]
    const isAudited = detail[AUDITED_FIELD] === true && catalog[name].store
    const says = reason === undefined ? isAudited : reason.length > 20
    expect({ route, says }).toEqual({ route, says: true })
  }
})
