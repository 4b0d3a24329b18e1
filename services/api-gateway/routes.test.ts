import { expect, test } from 'bun:test'
import { Fault } from '#common/process/fault'
import { silentLog } from '#common/process/log'
import { ask, closedGuard, everyRouteRefusesStrangers } from '#common/testing/app'
import { publicRoutes, routes } from './routes.ts'

let authority: string | undefined
const app = routes({
  behind: [
    { service: 'blockchain-api', prefix: '/blockchain', answers: async () => {} },
    {
      service: 'session-recorder',
      prefix: '/recorder',
      answers: async () => {
        throw new Fault('unavailable', 'unreachable', 'session-recorder cannot be reached')
      },
    },
  ],
  authority: () => authority,
  parts: { guard: closedGuard, log: silentLog },
})

test('the status of the gateway is for everybody: where it leads, what answers, what the limits are', async () => {
  expect(await everyRouteRefusesStrangers(app, publicRoutes)).toBe(0)
  expect(await ask(app, 'GET', '/gateway/status')).toEqual({
    status: 200,
    body: {
      status: 'partial',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      services: [
        { service: 'blockchain-api', prefix: '/blockchain', reachable: true },
        { service: 'session-recorder', prefix: '/recorder', reachable: false },
      ],
      limits: {
        anonymous_per_minute: 100,
        authenticated_per_minute: 1000,
        admin_per_minute: 10_000,
        body_bytes: 16 * 2 ** 20,
      },
    },
  })
})

test('the authority is for everybody to trust, where certificates are made', async () => {
  expect(await ask(app, 'GET', '/gateway/authority.pem')).toMatchObject({
    status: 404,
    body: { code: 'certificate-given' },
  })
  authority = '-----BEGIN CERTIFICATE-----'
  const reply = await app.handle(new Request('http://localhost/gateway/authority.pem'))
  expect([reply.headers.get('content-type'), await reply.text()]).toEqual([
    'application/x-pem-file',
    '-----BEGIN CERTIFICATE-----',
  ])
})
