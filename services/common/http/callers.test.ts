import { expect, test } from 'bun:test'
import { withRequestContext } from '../process/request-context.ts'
import { ask, guardAs, routeCallers, testParts } from '../testing/app.ts'
import { requireCaller } from './callers.ts'
import { service } from './service.ts'

const app = (caller: string) =>
  service('test', { ...testParts, guard: guardAs(caller), publicRoutes: ['GET /open'] })
    .get('/own/:id', () => 'in', { callers: ['session-recorder', 'operator'] })
    .get('/forgotten', () => 'in')
    .get('/open', () => 'in')

const statusOf = async (caller: string, path: string, method = 'GET') =>
  (await app(caller).handle(new Request(`http://localhost${path}`, { method }))).status

test('a route lets those in whom it names', async () => {
  for (const caller of ['session-recorder', 'operator']) expect(await statusOf(caller, '/own/1')).toBe(200)
})

test('and refuses the others, though the service itself accepts them, before it looks at what they ask', async () => {
  expect(await ask(app('merkle-builder'), 'GET', '/own/1')).toMatchObject({
    status: 403,
    body: { code: 'caller-not-allowed', detail: 'this route is for session-recorder and operator only' },
  })
})

test('a route that names nobody is for nobody, and a public one for everybody', async () => {
  expect(await ask(app('operator'), 'GET', '/forgotten')).toMatchObject({
    status: 403,
    body: { detail: 'this route is for nobody' },
  })
  expect(await statusOf('merkle-builder', '/open')).toBe(200)
})

test('no other spelling of a route that the router takes gets past its callers', async () => {
  for (const path of ['/own/1/', '/own/1?x=1', '/own/%31', '//own/1', '/OWN/1'])
    expect([403, 404, 400]).toContain(await statusOf('merkle-builder', path))
  for (const method of ['HEAD', 'OPTIONS', 'POST'])
    expect([403, 404, 405]).toContain(await statusOf('merkle-builder', '/own/1', method))
})

test('the OpenAPI document names the callers of each route, and none of a public one', async () => {
  const { body } = (await ask(app('operator'), 'GET', '/openapi.json')) as {
    readonly body: { readonly paths: Readonly<Record<string, { readonly get: object }>> }
  }
  expect(body.paths['/own/{id}']?.get).toMatchObject({ 'x-callers': ['session-recorder', 'operator'] })
  expect(body.paths['/open']?.get).not.toHaveProperty('x-callers')
  expect(routeCallers(app('operator'))).toEqual({
    'GET /own/:id': ['session-recorder', 'operator'],
    'GET /forgotten': [],
  })
})

test('without a request there is nobody', () => {
  expect(requireCaller(['operator'])).toThrow('only')
  expect(() => withRequestContext({ requestId: 'r', caller: undefined }, requireCaller([]))).toThrow('nobody')
})
