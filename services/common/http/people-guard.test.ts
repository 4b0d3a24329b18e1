import { describe, expect, test } from 'bun:test'
import { SignJWT } from 'jose'
import { Fault } from '../process/fault.ts'
import { requestContext } from '../process/request-context.ts'
import { ask, guardAs, testParts } from '../testing/app.ts'
import { requestPerson } from './callers.ts'
import { peopleGuard } from './people-guard.ts'
import { service } from './service.ts'

const address = 'TUEZSdKsoDHQMeZwihtdoBiN46zxhGWYdH'
const token = (typ: string) => new SignJWT({}).setProtectedHeader({ alg: 'HS256', typ }).sign(new Uint8Array(32))

const people = (roles: readonly ('user' | 'admin')[]) => ({
  identify: async () => ({ address, roles: [...roles], session: crypto.randomUUID(), at: 1 }),
})

const app = (guard = peopleGuard(guardAs('operator'), people(['user']))) =>
  service('test', { ...testParts, guard })
    .get('/both', () => requestContext()?.actor ?? 'nobody', {
      callers: ['operator'],
      people: 'session_create',
    })
    .get('/admins', () => 'in', { people: 'admin_access' })
    .get('/mine', () => requestPerson().address, { people: 'signed-in' })
    .get('/services', () => 'in', { callers: ['operator'] })

const get = async (path: string, typ: string, guard?: ReturnType<typeof peopleGuard>) => {
  const headers = { authorization: `Bearer ${await token(typ)}` }
  const reply = await app(guard).handle(new Request(`http://localhost${path}`, { headers }))
  const text = await reply.text()
  return { status: reply.status, body: reply.ok ? text : JSON.parse(text) }
}

describe('the realms of services and of people', () => {
  test('each have their routes', async () => {
    expect(await get('/both', 'at+jwt')).toMatchObject({ status: 200, body: address })
    expect(await get('/both', 'JWT')).toMatchObject({ status: 200, body: 'nobody' })
    expect(await get('/mine', 'at+jwt')).toMatchObject({ status: 200, body: address })
  })

  test('never stand in for each other', async () => {
    expect(await get('/services', 'at+jwt')).toMatchObject({ status: 403, body: { code: 'not-permitted' } })
    expect(await get('/mine', 'JWT')).toMatchObject({ status: 403, body: { code: 'caller-not-allowed' } })
  })

  test('a permission that no role of the person has is named', async () => {
    expect(await get('/admins', 'at+jwt')).toMatchObject({
      status: 403,
      body: {
        code: 'not-permitted',
        detail: 'this needs the permission admin_access: ask an admin for a role that has it',
      },
    })
    expect(await get('/admins', 'at+jwt', peopleGuard(guardAs('operator'), people(['admin'])))).toMatchObject({
      status: 200,
    })
  })

  test('without a token the guard of services answers', async () => {
    const services = async () => {
      throw new Fault('unauthenticated', 'bad-service-token', 'none')
    }
    expect(await ask(app(peopleGuard(services, people([]))), 'GET', '/mine')).toMatchObject({ status: 401 })
  })
})
