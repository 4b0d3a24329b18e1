import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { noise } from '#common/testing/sample-session'
import { readAccess } from '#scripts/derive/service-routes'
import { ownFolder } from '#services/session-encryptor/fixture'
import { apiAt, personOf, type TestPerson } from './fixture.ts'

// Nothing here is timed: only a hang fails.
setDefaultTimeout(120_000)

/** Every route of one session, walked by those to whom it does not belong. */
const { root, remove } = ownFolder()
let api: Awaited<ReturnType<typeof apiAt>>
beforeAll(async () => {
  api = await apiAt(root)
})
afterAll(async () => {
  await api.stop()
  remove()
})

const [owner, stranger] = [personOf(1, 'dev'), personOf(2, 'dev')]
const [observer, admin] = [personOf(3, 'dev'), personOf(4, 'admin')]

/** What routes with a body are sent: a right one, so that nothing but the person is wrong. */
const bodies: Readonly<Record<string, object>> = {
  'POST /sessions/:id/terminate': { reason: 'a test' },
  'POST /sessions/:id/pause': { reason: 'a test' },
  'POST /sessions/:id/resume': { reason: 'a test' },
  'POST /sessions/:id/void': { reason: 'a test' },
  'POST /sessions/:id/join': { as: 'participant' },
  'POST /sessions/:id/actions': { channel: 'input', direction: 'to_session', bytes: 0 },
  'POST /sessions/:id/requests': { channel: 'input', direction: 'to_session', bytes: 0, reason: 'a test' },
  'POST /sessions/:id/requests/:request/decision': { approve: true },
  'POST /sessions/:id/bundle': { grant: { expires: 1, signature: '0'.repeat(130) } },
}
const query: Readonly<Record<string, string>> = { 'PATCH /sessions/:id/stream': '?offset=0&end=true' }
/** What the policy of a session decides, of which this one has none. */
const byPolicy = ['POST /sessions/:id/join', 'POST /sessions/:id/requests/:request/decision']
/** Whoever may see a session may do nothing by these. */
const changing = ['POST', 'PATCH', 'DELETE', 'PUT']

const routesOfSessions = () =>
  readAccess(api.app)
    .map(({ route }) => route.replace('/api/v1', ''))
    .filter((route) => route.includes('/:id'))

const askAs = async (person: TestPerson, route: string, id: string) => {
  const [method = '', path = ''] = route.split(' ')
  const place = path.replace(':id', id).replace(':index', '0').replaceAll(/:\w+/g, crypto.randomUUID())
  const body = bodies[route]
  const reply = await api.ask(person, method, `${place}${query[route] ?? ''}`, body === undefined ? {} : { body })
  const text = await reply.text()
  return { status: reply.status, text: text.replace(/"request_id":"[^"]*"/, '') }
}

/** A session that goes on. */
const create = async () => {
  const reply = await api.ask(owner, 'POST', '/sessions', { body: { observers: [observer.address] } })
  return ((await reply.json()) as { readonly id: string }).id
}

/** One that is anchored, with all its evidence. */
const recorded = async () => {
  const id = await create()
  await api.ask(owner, 'PATCH', `/sessions/${id}/stream?offset=0&end=true`, { bytes: noise(2_500, 1) })
  await api.pipe.until(id, 'anchored')
  return id
}

test('a stranger gets of every route the answer of a session that never was', async () => {
  const [live, past] = [await create(), await recorded()]
  const routes = routesOfSessions()
  expect(routes.length).toBeGreaterThan(14)
  for (const route of routes) {
    const none = await askAs(stranger, route, crypto.randomUUID())
    expect({ route, status: none.status }).toEqual({ route, status: 404 })
    for (const id of [live, past]) expect({ route, ...(await askAs(stranger, route, id)) }).toEqual({ route, ...none })
  }
  expect((await askAs(owner, 'GET /sessions/:id', live)).text).toContain('"state":"created"')
})

test('an observer changes nothing by any route, and an admin nothing that is the owner’s alone', async () => {
  const id = await create()
  for (const route of routesOfSessions().filter((one) => changing.includes(one.split(' ')[0] ?? ''))) {
    const found = await askAs(observer, route, id)
    const [status, code] = byPolicy.includes(route) ? [404, 'no-policy'] : [403, 'not-yours']
    expect({ route, status: found.status }).toEqual({ route, status })
    expect(found.text).toContain(`"code":"${code}"`)
  }
  for (const route of ['PATCH /sessions/:id/stream', 'POST /sessions/:id/end', 'POST /sessions/:id/bundle'])
    expect({ route, status: (await askAs(admin, route, id)).status }).toEqual({ route, status: 403 })
  expect((await askAs(owner, 'GET /sessions/:id', id)).text).toContain('"state":"created"')
})

test.each(['/sessions/:id/events', '/events'])('the stream %s ends when its listener is signed out', async (path) => {
  const id = await create()
  const listener = personOf(path.length, 'user')
  const own = path === '/events' ? listener : owner
  const reply = await api.ask(own, 'GET', path.replace(':id', id))
  const reader = (reply.body as ReadableStream<Uint8Array>).getReader()
  await reader.read()
  await api.people.revoke(own)
  let said = ''
  // It is asked again every ten looks: of 200 that say nothing, none will end it.
  for (let piece = await reader.read(), left = 200; !piece.done && left > 0; piece = await reader.read(), left--)
    said += new TextDecoder().decode(piece.value)
  expect(said).toContain('event: end\ndata: {"code":"bad-access-token"}')
})
