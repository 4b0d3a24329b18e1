import { expect, test } from 'bun:test'
import { withRequestContext } from '../process/request-context.ts'
import { ask, testParts } from '../testing/app.ts'
import { onlyFor } from './callers.ts'
import { service } from './service.ts'

const app = (caller: string, publicRoutes: readonly string[] = []) =>
  service('test', { ...testParts, guard: async () => ({ caller }), publicRoutes }).get('/own', () => 'in', {
    beforeHandle: onlyFor('session-recorder', 'operator'),
  })

test('a route for some callers lets those in', async () => {
  for (const caller of ['session-recorder', 'operator'])
    expect((await app(caller).handle(new Request('http://localhost/own'))).status).toBe(200)
})

test('and refuses the others, though the service itself accepts them', async () => {
  expect(await ask(app('merkle-builder'), 'GET', '/own')).toMatchObject({
    status: 403,
    body: { code: 'caller-not-allowed', detail: 'this route is for session-recorder and operator only' },
  })
})

test('nobody is let in where nobody was asked for: a public route, or no request at all', async () => {
  expect((await ask(app('operator', ['GET /own']), 'GET', '/own')).status).toBe(403)
  expect(onlyFor('operator')).toThrow('only')
  expect(() => withRequestContext({ requestId: 'r', caller: undefined }, onlyFor())).toThrow('only')
})
