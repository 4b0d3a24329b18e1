import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configAt } from './config.ts'
import { person } from './lucid.fixture.ts'
import { openTokenStore } from './token-store.ts'

const id = '00000000-0000-4000-8000-000000000000'
const address = 'TJRabPrwbZy45sbavfcjinPJC18kjpRTv8'
const session = { id, state: 'active', owner: address, suspended_by: address, participants: [], observers: [] }
const answers: Readonly<Record<string, () => Response>> = {
  [`GET /api/v1/sessions/${id}`]: () => Response.json({ ...session, started_at: 0, chunk_size: 1, gaps: [] }),
  [`GET /api/v1/sessions/${id}/recording`]: () => Response.json({ acknowledged: 1, chunks: 1, received: 1 }),
  [`GET /api/v1/sessions/${id}/audit`]: () =>
    Response.json({ events: [{ seq: 0, at: 1000, type: 'suspended', body: { by: address, reason: 'a break' } }] }),
  [`GET /api/v1/sessions/${id}/bundle`]: () => new Response('a bundle'),
  'POST /auth/logout': () => new Response(null, { status: 204 }),
  [`DELETE /auth/hardware-keys/${address}`]: () => new Response(null, { status: 204 }),
}
const problem = {
  type: 'about:blank',
  title: 'Not found',
  status: 404,
  code: 'no-user',
  detail: 'nobody has this address',
}
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: ({ method, url }) =>
    answers[`${method} ${new URL(url).pathname}`]?.() ??
    Response.json(problem, { status: 404, headers: { 'content-type': 'application/problem+json' } }),
})
const { folder, lucid, env, remove } = await person()
const signIn = (url: string, token: string) =>
  JSON.stringify({ url, address, access_token: token, access_until: 1e15, refresh_token: 'r' })
const url = `http://127.0.0.1:${server.port}`
mkdirSync(join(folder, 'config/sign-ins'), { recursive: true })
writeFileSync(join(folder, 'config/sign-ins/me.json'), signIn(url, 't'))
afterAll(() => {
  remove()
  return server.stop(true)
})

test('a session that is paused says who paused it, when and why', async () => {
  expect((await lucid(['sessions', id])).out).toContain(
    `state         suspended by ${address}\nsuspended     1970-01-01T00:00:01.000Z: a break\n`,
  )
})

test('an export over a file that is there ends with 73', async () => {
  const file = join(folder, 'a.tar')
  writeFileSync(file, 'mine')
  expect(await lucid(['session', 'export', id, '--out', file])).toEqual({
    out: '',
    err: `lucid session export: ${file} exists already: name another file, nothing is overwritten\n`,
    code: 73,
  })
})

test('somebody who was never added cannot be removed', async () => {
  expect(await lucid(['users', 'remove', address])).toEqual({
    out: '',
    err: 'lucid users remove: nobody has this address\n',
    code: 66,
  })
})

test('what only says that it is done says so as JSON as well', async () => {
  expect(await lucid(['hardware', 'remove', address, '--json'])).toEqual({
    out: `${JSON.stringify({ address }, null, 2)}\n`,
    err: 'removed\n',
    code: 0,
  })
})

test('two platforms of this machine (LUCID_HOME) have a sign-in each; one kept before is read, and none of another is lost', async () => {
  const store = (home?: string) => openTokenStore(configAt(join(folder, 'config')), { ...env, LUCID_HOME: home })
  const [some, other, local, remote] = [
    await store('/some'),
    await store('/other'),
    signIn('local', 'a'),
    signIn(url, 'b'),
  ]
  await (await store()).write('me', local)
  expect(await some.read('me')).toBe(local)
  await some.write('me', signIn('local', 'c'))
  expect([await some.read('me'), await other.read('me')]).toEqual([signIn('local', 'c'), local])
  await other.remove('me')
  await some.remove('me')
  expect(await some.read('me')).toBe(local)
  await some.write('me', local)
  await some.write('me', remote)
  expect([await some.read('me'), await (await store()).read('me')]).toEqual([remote, remote])
  await other.remove('me')
  expect(await some.read('me')).toBeUndefined()
})
