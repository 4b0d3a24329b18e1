import { describe, expect, test } from 'bun:test'
import { SignJWT } from 'jose'
import { Fault } from '../process/fault.ts'
import { requestContext } from '../process/request-context.ts'
import { guardAs, testParts } from '../testing/app.ts'
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
    .get('/both', () => requestContext()?.actor ?? 'nobody', { callers: ['operator'], people: 'session_create' })
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

  test('without a token are told which it needs', async () => {
    const services = async () => {
      throw new Fault('unauthenticated', 'bad-service-token', 'none')
    }
    const strangers = app(peopleGuard(services, people([])))
    const told = async (path: string, authorization?: string) => {
      const headers = authorization === undefined ? {} : { authorization }
      const reply = await strangers.handle(new Request(`http://localhost${path}`, { headers }))
      const { code, detail } = (await reply.json()) as { code: string; detail: string }
      return [reply.status, reply.headers.get('www-authenticate'), code, detail]
    }
    const signIn =
      'this route is for people who are signed in: sign in (bun run lucid login) and send the access token as Authorization: Bearer'
    for (const authorization of [undefined, 'Basic eDp5'])
      expect(await told('/mine', authorization)).toEqual([401, 'Bearer', 'bad-access-token', signIn])
    expect(await told('/both')).toEqual([401, 'Bearer', 'bad-access-token', `${signIn}, or with a service token`])
    for (const path of ['/services', '/nowhere'])
      expect(await told(path)).toEqual([401, 'Bearer', 'bad-service-token', 'none'])
  })

  test('take the scheme of a token in any case', async () => {
    for (const scheme of ['bearer', 'BEARER', 'Bearer ']) {
      const headers = { authorization: `${scheme} ${await token('at+jwt')}` }
      const reply = await app().handle(new Request('http://localhost/mine', { headers }))
      expect([scheme, await reply.text()]).toEqual([scheme, address])
    }
  })
})
