import { expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { catalog, type Entry, type ServiceName } from '#catalog'
import { callersOf } from '#common/http/identity'
import { testParts } from '#common/testing/app'
import { type Access, loadRoutes, readAccess } from '#scripts/derive/service-routes'

// What the routes name agrees with what the catalogue lists; access-matrix.test.ts shows that the guards keep to it.

const names = Object.keys(catalog) as ServiceName[]
const table = await Promise.all(
  names.map(
    async (name): Promise<readonly [ServiceName, readonly Access[]]> => [
      name,
      readAccess(await loadRoutes(name, testParts)).filter(({ open }) => !open),
    ],
  ),
)

test('every service is walked', () => {
  expect(names.every((name) => existsSync(join(import.meta.dir, name, 'routes.ts')))).toBe(true)
  expect(table.flatMap(([, routes]) => routes).length).toBeGreaterThan(40)
})

test.each(table)(
  'every guarded route of %s names its callers or its people, and the catalogue lists each',
  (name, routes) => {
    const listed: readonly string[] = callersOf(name)
    for (const { route, callers, people } of routes) {
      expect({ route, named: callers.length > 0 || people !== undefined }).toEqual({ route, named: true })
      expect({ route, unlisted: callers.filter((caller) => !listed.includes(caller)) }).toEqual({ route, unlisted: [] })
    }
  },
)

test('a need is used by a route, or asks for nothing but health and public documents', () => {
  const unusedNeeds = table.flatMap(([name, routes]) => {
    const named = new Set(routes.flatMap(({ callers }) => callers))
    return callersOf(name).flatMap((caller) => (named.has(caller) ? [] : [`${caller} -> ${name}`]))
  })
  const isPublic = (need: string) => (catalog[need.split(' -> ')[1] as ServiceName] as Entry).public !== undefined
  expect(unusedNeeds.filter((need) => !isPublic(need))).toEqual(['tor-proxy -> api-gateway'])
})
