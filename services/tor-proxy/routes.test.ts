import { expect, test } from 'bun:test'
import { silentLog } from '#common/process/log'
import { ask, closedGuard, everyRouteRefusesStrangers } from '#common/testing/app'
import { publicRoutes, routes } from './routes.ts'
import { freshState } from './state.ts'

const address = `${'a'.repeat(56)}.onion`
const app = routes({
  addresses: { gateway: address },
  state: () => ({ ...freshState, uploads: { [address]: 3 } }),
  parts: { guard: closedGuard, log: silentLog },
})

test('the onions are shown to everybody, and nothing else is there', async () => {
  expect(await everyRouteRefusesStrangers(app, publicRoutes)).toBe(0)
  expect(await ask(app, 'GET', '/onions')).toEqual({
    status: 200,
    body: { onions: { gateway: { address, uploads: 3 } } },
  })
  expect((await ask(app, 'GET', '/keys')).status).toBe(401)
})
