import { expect, test } from 'bun:test'
import { service } from '../http/service.ts'
import { ask, closedGuard, everyRouteRefusesStrangers, openGuard, testParts } from './app.ts'

const guarded = { ...testParts, guard: closedGuard }

test('every route of a service is walked, and counted', async () => {
  const app = service('test', guarded)
    .get('/a/:id', () => 'a')
    .post('/b', () => 'b')
    .delete('/c', () => 'c')
  expect(await everyRouteRefusesStrangers(app)).toBe(3)
})

test('a route that lets strangers in is found', async () => {
  const app = service('test', { ...guarded, publicRoutes: ['GET /open'] }).get('/open', () => 'open')
  await expect(everyRouteRefusesStrangers(app)).rejects.toThrow('200')
  expect(await everyRouteRefusesStrangers(app, ['GET /open'])).toBe(0)
})

test('a service that asks nobody is found', async () => {
  const app = service('test', { ...guarded, guard: openGuard }).get('/a', () => 'a', { callers: ['operator'] })
  await expect(everyRouteRefusesStrangers(app)).rejects.toThrow('/a')
})

test('ask sends JSON and reads JSON', async () => {
  const app = service('test', testParts).post('/echo', ({ body }) => body as object, { callers: ['operator'] })
  expect(await ask(app, 'POST', '/echo', { a: 'é' })).toEqual({ status: 200, body: { a: 'é' } })
})
