import { describe, expect, test } from 'bun:test'
import { ask, closedGuard, everyRouteRefusesStrangers, guardAs, testParts } from '#common/testing/app'
import { documentText } from './fixture.ts'
import { documentRegistry } from './registry.ts'
import { routes } from './routes.ts'

const built = async (parts = { ...testParts, guard: guardAs('openapi-gateway') }) => {
  const registry = documentRegistry({
    sources: ['a', 'gone'].map((service) => ({ service, summary: service, address: `http://${service}:1` })),
    version: '1',
    now: () => 1000,
    read: async (service) => (service === 'a' ? { text: documentText() } : { failure: 'it cannot be reached' }),
  })
  await registry.refresh()
  return routes({ registry, parts: { ...parts, checks: { documents: registry.requireFresh }, soft: ['documents'] } })
}

test('the merged document has a tag, and who has it already gets 304', async () => {
  const app = await built()
  const first = await app.handle(new Request('http://localhost/openapi/merged.json'))
  const etag = first.headers.get('etag') ?? ''
  expect(first.status).toBe(200)
  expect(await first.json()).toMatchObject({ openapi: '3.1.2', paths: { '/a/things/{id}': {} } })
  const again = await app.handle(
    new Request('http://localhost/openapi/merged.json', { headers: { 'if-none-match': etag } }),
  )
  expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag])
})

describe('one service’s document', () => {
  test('is served with its address', async () => {
    expect(await ask(await built(), 'GET', '/openapi/services/a.json')).toMatchObject({
      status: 200,
      body: { servers: [{ url: 'http://a:1' }] },
    })
  })
  test.each([
    ['/openapi/services/nobody.json', 404, 'no-such-service'],
    ['/openapi/services/gone.json', 503, 'not-read'],
    ['/openapi/services/a', 400, 'bad-request'],
    ['/openapi/services/..%2Fa.json', 400, 'bad-request'],
  ])('%s is a %d', async (path, status, code) => {
    expect(await ask(await built(), 'GET', path)).toMatchObject({ status, body: { code } })
  })
})

test('a service that is away is named and makes nobody unwell', async () => {
  const app = await built()
  expect(await ask(app, 'GET', '/health')).toMatchObject({
    status: 200,
    body: { status: 'healthy', dependencies: { documents: 'gone missing' } },
  })
  expect(await ask(app, 'GET', '/openapi/services')).toMatchObject({
    status: 200,
    body: {
      services: [
        { service: 'a', state: 'fresh', read_at: 1000 },
        { service: 'gone', state: 'missing', since: 1000, detail: 'it cannot be reached' },
      ],
    },
  })
})

test('no route is open to strangers', async () => {
  expect(await everyRouteRefusesStrangers(await built({ ...testParts, guard: closedGuard }))).toBe(3)
})
