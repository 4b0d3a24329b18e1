import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { AnyElysia } from 'elysia'
import { type CallerName, catalog, clients, type Entry, type ServiceName } from '#catalog'
import { callersOf, derivePublicKey, signer, verifier } from '#common/http/identity'
import { Secret } from '#common/process/env'
import { silentLog } from '#common/process/log'
import { routeCallers, routePeople } from '#common/testing/app'

// Nothing here is timed: only a hang fails.
setDefaultTimeout(60_000)

const names = Object.keys(catalog) as ServiceName[]
const identities = [...names, ...Object.keys(clients)] as CallerName[]
const keys = new Map(identities.map((name) => [name, new Secret(Bun.SHA256.hash(name, 'hex'))]))
const keyOf = (name: CallerName) => keys.get(name) ?? new Secret('')
const peers = Object.fromEntries(identities.map((name) => [name, derivePublicKey(keyOf(name))]))

/** What routes are built from but never call here: a refused request reaches none of it. */
const unused: object = new Proxy(() => unused, {
  get: (_, key) => (key === Symbol.iterator ? undefined : unused),
})

/** The routes of a service as its main.ts builds them, behind its real guard. */
const appOf = async (name: ServiceName): Promise<AnyElysia> => {
  const { routes } = await import(join(import.meta.dir, name, 'routes.ts'))
  const parts = { guard: verifier({ callee: name, callers: callersOf(name), peers }), log: silentLog }
  // Own keys are for who takes the rest of its parts.
  const own = { store: unused, sessions: unused, folder: unused, now: unused }
  return routes(new Proxy(own, { get: (_, key) => (key === 'parts' ? parts : unused) }))
}

const apps = new Map(await Promise.all(names.map(async (name) => [name, await appOf(name)] as const)))
const table = names.map((name) => [name, routeCallers(apps.get(name) as AnyElysia)] as const)

test('every service is walked', () => {
  expect(names.every((name) => existsSync(join(import.meta.dir, name, 'routes.ts')))).toBe(true)
  expect(table.flatMap(([, routes]) => Object.keys(routes)).length).toBeGreaterThan(40)
})

test.each(table)(
  'every guarded route of %s names its callers or its people, and the catalogue lists each',
  (name, routes) => {
    const listed: readonly string[] = callersOf(name)
    const people = routePeople(apps.get(name) as AnyElysia)
    for (const [route, callers] of Object.entries(routes)) {
      expect({ route, named: callers.length > 0 || route in people }).toEqual({ route, named: true })
      expect({ route, unlisted: callers.filter((caller) => !listed.includes(caller)) }).toEqual({
        route,
        unlisted: [],
      })
    }
  },
)

test.each(table)('a route of %s refuses the token of everybody else with 403', async (name, routes) => {
  for (const [route, callers] of Object.entries(routes)) {
    const [method = '', path = ''] = route.split(' ')
    for (const other of identities.filter((identity) => !callers.includes(identity))) {
      const token = await signer({ name: other, key: keyOf(other) })(name)
      const headers = { authorization: `Bearer ${token}`, 'content-length': '0' }
      const url = `http://localhost${path.replaceAll(/:\w+/g, 'x')}`
      const reply = await apps.get(name)?.handle(new Request(url, { method, headers }))
      expect({ route, other, status: reply?.status }).toEqual({ route, other, status: 403 })
    }
  }
})

test('a need is used by a route, or asks for nothing but health and public documents', () => {
  const unusedNeeds = table.flatMap(([name, routes]) => {
    const named = new Set(Object.values(routes).flat())
    return callersOf(name).flatMap((caller) => (named.has(caller) ? [] : [`${caller} -> ${name}`]))
  })
  const isPublic = (need: string) =>
    (catalog[need.split(' -> ')[1] as ServiceName] as Entry).public !== undefined
  expect(unusedNeeds.filter((need) => !isPublic(need))).toEqual(['tor-proxy -> api-gateway'])
})
