import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { signGrant } from '#common/evidence/owner-grant'
import { entityTag } from '#common/http/etag'
import { noise } from '#common/testing/sample-session'
import { listening } from '#common/testing/wire'
import { ownFolder } from '#services/session-encryptor/fixture'
import { type AskInit, apiAt, personOf, type TestPerson } from './fixture.ts'
import type { Session } from './model.ts'
import { neighboursAt } from './neighbours.ts'
import { uploads } from './uploads.ts'

// Nothing here is timed: only a hang fails.
setDefaultTimeout(120_000)

const { root, remove } = ownFolder()
let api: Awaited<ReturnType<typeof apiAt>>
beforeAll(async () => {
  api = await apiAt(root)
})
afterAll(async () => {
  await api.stop()
  remove()
})

const owner = personOf(1, 'dev')
const other = personOf(2, 'dev')
const observer = personOf(3, 'observer')
const admin = personOf(4, 'admin')

const json = async (person: TestPerson | undefined, method: string, path: string, init: AskInit = {}) => {
  const reply = await api.ask(person, method, path, init)
  return { status: reply.status, headers: reply.headers, body: (await reply.json()) as never }
}
const create = async (body: object = {}, person = owner) =>
  (await json(person, 'POST', '/sessions', { body })).body as Session
const upload = (id: string, bytes: Uint8Array<ArrayBuffer>, person = owner) =>
  json(person, 'PATCH', `/sessions/${id}/stream?offset=0&end=true`, { bytes })
/** A session that is anchored. */
const recorded = async (body: object = {}, size = 2_500) => {
  const { id } = await create(body)
  await upload(id, noise(size, 1))
  await api.pipe.until(id, 'anchored')
  return id
}

describe('a person', () => {
  test('is told who he is and what he may', async () => {
    expect((await json(observer, 'GET', '/me')).body).toEqual({
      address: observer.address,
      roles: ['observer'],
      permissions: ['session_observe', 'audit_view'],
    } as never)
  })

  test('without a token, or whose sign-in was ended, gets nowhere', async () => {
    expect((await json(undefined, 'GET', '/sessions')).status).toBe(401)
    const token = await api.people.token(personOf(9, 'admin'))
    const asked = () =>
      api.app.handle(new Request('http://localhost/api/v1/me', { headers: { authorization: `Bearer ${token}` } }))
    expect((await asked()).status).toBe(200)
    await api.people.revoke(personOf(9, 'admin'))
    expect((await asked()).status).toBe(401)
  })

  test('is never stood in for by a service, not even by one that the catalogue lets in', async () => {
    const token = await api.pipe.who.sign('operator')('api-server')
    const reply = await api.app.handle(
      new Request('http://localhost/api/v1/sessions', { headers: { authorization: `Bearer ${token}` } }),
    )
    expect([401, 403]).toContain(reply.status)
  })
})

describe('a session', () => {
  test('is made for its owner, who finds it in his list', async () => {
    const reply = await json(owner, 'POST', '/sessions', { body: { observers: [observer.address] } })
    expect(reply).toMatchObject({
      status: 201,
      body: { state: 'created', owner: owner.address, observers: [observer.address] },
    })
    const { id } = reply.body as Session
    expect(reply.headers.get('location')).toBe(`/api/v1/sessions/${id}`)
    expect(reply.headers.get('etag')).toBe(entityTag(reply.body))
    const listed = (await json(owner, 'GET', '/sessions?state=created')).body as { sessions: Session[] }
    expect(listed.sessions.map((one) => one.id)).toContain(id)
    const others = (await json(other, 'GET', '/sessions')).body as { sessions: Session[] }
    expect(others.sessions).toEqual([])
    await json(owner, 'POST', `/sessions/${id}/terminate`, { body: { reason: 'a test' } })
  })

  test('is recorded, ended and read as evidence', async () => {
    const { id } = await create()
    const bytes = noise(2_500, 7)
    const half = await json(owner, 'PATCH', `/sessions/${id}/stream?offset=0&end=false`, {
      bytes: bytes.slice(0, 1_000),
    })
    expect(half).toMatchObject({ status: 200, body: { state: 'recording', received: 1_000 } })
    expect(await json(owner, 'GET', `/sessions/${id}/recording`)).toMatchObject({ body: { received: 1_000 } })
    await json(owner, 'PATCH', `/sessions/${id}/stream?offset=1000&end=false`, { bytes: bytes.slice(1_000) })
    expect(await json(owner, 'POST', `/sessions/${id}/end`)).toMatchObject({
      status: 200,
      body: { state: 'ended', acknowledged: 2_500, complete: true },
    })
    await api.pipe.until(id, 'anchored')
    expect(await json(owner, 'GET', `/sessions/${id}`)).toMatchObject({
      body: { state: 'anchored', complete: true, chunk_count: 3, total_plain: 2_500 },
    })
    const { manifest } = (await json(owner, 'GET', `/sessions/${id}/manifest`)).body as { manifest: string }
    expect(JSON.parse(manifest)).toMatchObject({ owner: owner.address, chunk_count: 3, gaps: [] })
    const chunks = (await json(owner, 'GET', `/sessions/${id}/chunks?limit=2`)).body as { chunks: { leaf: string }[] }
    expect(chunks).toMatchObject({ chunk_count: 3, next: 2 })
    const proof = (await json(owner, 'GET', `/sessions/${id}/chunks/1/proof`)).body
    expect(proof).toMatchObject({ chunk_index: 1, leaf: chunks.chunks[1]?.leaf, chunk_count: 3 })
    const events = (await json(owner, 'GET', `/sessions/${id}/audit?after=0`)).body as { events: { seq: number }[] }
    expect(events.events[0]).toMatchObject({ seq: 1 })
  })

  test('ends with a gap when its recorder was restarted and what it had received was not given again', async () => {
    const { id } = await create()
    await json(owner, 'PATCH', `/sessions/${id}/stream?offset=0&end=false`, { bytes: noise(2_500, 7) })
    const { pipe } = api
    const again = listening(pipe.appFor(pipe.who.guard('session-recorder'), pipe.restartedRecorder()))
    const neighbours = neighboursAt(
      { ...pipe.urls, 'session-recorder': again.url } as never,
      pipe.who.sign('api-server'),
    )
    const ended = await uploads(neighbours).end(id)
    await again.stop()
    expect(ended).toMatchObject({ state: 'ended', complete: false })
    await pipe.until(id, 'anchored')
    expect((await pipe.manifest(id)).gaps).toMatchObject([{ reason: expect.stringContaining('was restarted') }])
  })

  test('ends with a gap when it is terminated', async () => {
    const { id } = await create()
    await json(owner, 'PATCH', `/sessions/${id}/stream?offset=0&end=false`, { bytes: noise(10, 1) })
    expect(await json(admin, 'POST', `/sessions/${id}/terminate`, { body: { reason: 'enough' } })).toMatchObject({
      status: 200,
      body: { state: 'ended', complete: false },
    })
    await api.pipe.until(id, 'anchored')
    expect(await json(owner, 'GET', `/sessions/${id}`)).toMatchObject({ body: { gaps: [{ reason: 'enough' }] } })
  })

  test('of another is not there: answers are those of a session that never was', async () => {
    const id = await recorded({ observers: [observer.address] })
    const never = crypto.randomUUID()
    const routes = [
      ['GET', ''],
      ['GET', '/recording'],
      ['GET', '/audit'],
      ['GET', '/events'],
      ['GET', '/manifest'],
      ['GET', '/chunks'],
      ['GET', '/chunks/0'],
      ['GET', '/chunks/0/proof'],
      ['GET', '/bundle'],
      ['POST', '/bundle', { grant: { expires: Date.now() + 1_000, signature: 'ab'.repeat(65) } }],
      ['POST', '/end'],
      ['POST', '/terminate', { reason: 'mine now' }],
      ['POST', '/restore'],
      ['PATCH', '/stream?offset=0&end=true'],
      ['DELETE', ''],
    ] as const
    const bare = ({ status, body }: { status: number; body: object }) => ({ status, body: { ...body, request_id: '' } })
    for (const [method, path, body] of routes) {
      const init = { ...(body && { body }), ...(method === 'PATCH' && { bytes: noise(1, 1) }) }
      const [its, none] = [
        await json(other, method, `/sessions/${id}${path}`, init),
        await json(other, method, `/sessions/${never}${path}`, init),
      ]
      expect([method, path, its.status]).toEqual([method, path, 404])
      expect(bare(its)).toEqual(bare(none))
    }
    const anchors = [await json(other, 'GET', `/anchors/${id}`), await json(other, 'GET', `/anchors/${never}`)] as const
    expect(bare(anchors[0])).toEqual(bare(anchors[1]))
  })

  test('is read by its observer, who changes nothing', async () => {
    const id = await recorded({ observers: [observer.address] })
    expect((await json(observer, 'GET', `/sessions/${id}`)).status).toBe(200)
    expect(await json(observer, 'POST', `/sessions/${id}/end`)).toMatchObject({
      status: 403,
      body: { code: 'not-permitted' },
    })
    const guest = { ...observer, roles: ['dev' as const] }
    expect(await json(guest, 'DELETE', `/sessions/${id}`)).toMatchObject({ status: 403, body: { code: 'not-yours' } })
  })

  test('is listed to admins only among those of everybody, page by page', async () => {
    await create({}, other)
    expect(await json(owner, 'GET', '/sessions?all=true')).toMatchObject({
      status: 403,
      body: { code: 'not-permitted' },
    })
    const seen: string[] = []
    let query = '?all=true&limit=2'
    for (;;) {
      const page = (await json(admin, 'GET', `/sessions${query}`)).body as { sessions: Session[]; next?: string }
      seen.push(...page.sessions.map(({ id }) => id))
      if (page.next === undefined) break
      query = `?all=true&limit=2&cursor=${page.next}`
    }
    expect(seen).toEqual((await api.pipe.sessions()).map(({ id }) => id))
    expect(await json(admin, 'GET', '/sessions?cursor=abc')).toMatchObject({
      status: 400,
      body: { code: 'bad-cursor' },
    })
  })
})

describe('a resource', () => {
  test('is answered with its tag, not again to who has it, and changed only as it was read', async () => {
    const { id } = await create()
    const first = await api.ask(owner, 'GET', `/sessions/${id}`)
    const etag = first.headers.get('etag') ?? ''
    const again = await api.ask(owner, 'GET', `/sessions/${id}`, { headers: { 'if-none-match': etag } })
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag])
    await json(owner, 'PATCH', `/sessions/${id}/stream?offset=0&end=false`, { bytes: noise(10, 1) })
    const stale = { headers: { 'if-match': etag } }
    expect(await json(owner, 'POST', `/sessions/${id}/end`, stale)).toMatchObject({
      status: 412,
      body: { code: 'changed-meanwhile' },
    })
    const fresh = (await api.ask(owner, 'GET', `/sessions/${id}`)).headers.get('etag') ?? ''
    expect((await json(owner, 'POST', `/sessions/${id}/end`, { headers: { 'if-match': fresh } })).status).toBe(200)
  })

  test('a chunk file is given whole, in part, or not again', async () => {
    const id = await recorded()
    const whole = await api.ask(owner, 'GET', `/sessions/${id}/chunks/0`)
    const bytes = new Uint8Array(await whole.arrayBuffer())
    expect([whole.status, new TextDecoder().decode(bytes.slice(0, 4))]).toEqual([200, 'LCD1'])
    const part = await api.ask(owner, 'GET', `/sessions/${id}/chunks/0`, { headers: { range: 'bytes=4-9' } })
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 4-9/${bytes.length}`])
    expect(new Uint8Array(await part.arrayBuffer())).toEqual(bytes.slice(4, 10))
    const beyond = { headers: { range: `bytes=${bytes.length}-` } }
    expect(await json(owner, 'GET', `/sessions/${id}/chunks/0`, beyond)).toMatchObject({ status: 416 })
    const known = { headers: { 'if-none-match': whole.headers.get('etag') ?? '' } }
    expect((await api.ask(owner, 'GET', `/sessions/${id}/chunks/0`, known)).status).toBe(304)
    expect(await json(owner, 'GET', `/sessions/${id}/chunks/9`)).toMatchObject({
      status: 404,
      body: { code: 'no-such-chunk' },
    })
  })
})

describe('a POST with an Idempotency-Key', () => {
  const key = (name: string) => ({ 'idempotency-key': `key-${name}` })
  test('makes one session, however many ask at once, and after a restart', async () => {
    const init = { body: { observers: [observer.address] }, headers: key('create') }
    const made = await Promise.all(Array.from({ length: 5 }, () => json(owner, 'POST', '/sessions', init)))
    const again = await json(owner, 'POST', '/sessions', { ...init, app: api.restarted().app })
    const [first] = made
    for (const { status, body, headers } of [...made, again])
      expect({ status, body, etag: headers.get('etag') }).toEqual({
        status: 201,
        body: first?.body as never,
        etag: entityTag(first?.body),
      })
    await json(owner, 'POST', `/sessions/${(again.body as Session).id}/terminate`, { body: { reason: 'a test' } })
  })

  test('says no to another body, and to a key that is none', async () => {
    const { id } = await create()
    const path = `/sessions/${id}/terminate`
    const init = { body: { reason: 'enough' }, headers: key('terminate') }
    const first = await json(owner, 'POST', path, init)
    expect(first.status).toBe(200)
    expect((await json(owner, 'POST', path, init)).body).toEqual(first.body)
    expect(await json(owner, 'POST', path, { ...init, body: { reason: 'more' } })).toMatchObject({
      status: 409,
      body: { code: 'idempotency-key-reused' },
    })
    expect(await json(owner, 'POST', path, { ...init, headers: { 'idempotency-key': 'short' } })).toMatchObject({
      status: 400,
      body: { code: 'bad-idempotency-key' },
    })
  })
})

describe('a bundle', () => {
  const read = async (person: TestPerson, id: string, body?: object) => {
    const reply = await api.ask(person, body ? 'POST' : 'GET', `/sessions/${id}/bundle`, body ? { body } : {})
    return { reply, bytes: new Uint8Array(await reply.arrayBuffer()) }
  }
  test('is a stream of the length that it states, with keys for its owner alone', async () => {
    const id = await recorded()
    const { reply, bytes } = await read(owner, id)
    expect(reply.headers.get('content-type')).toBe('application/x-tar')
    expect(bytes.length).toBe(Number(reply.headers.get('content-length')))
    const text = new TextDecoder('latin1').decode(bytes)
    expect(text.startsWith('manifest.json')).toBe(true)
    expect(text.includes('keys.json')).toBe(false)
    const expires = Date.now() + 60_000
    const grant = { expires, signature: signGrant({ session: id, expires }, owner.key).toHex() }
    const withKeys = await read(owner, id, { grant })
    expect(new TextDecoder('latin1').decode(withKeys.bytes)).toContain('keys.json')
    const forged = { expires, signature: signGrant({ session: id, expires }, other.key).toHex() }
    expect((await read(owner, id, { grant: forged })).reply.status).toBe(403)
    expect((await read(admin, id, { grant })).reply.status).toBe(403)
  })
  test('of a session that goes on is not there yet', async () => {
    const { id } = await create()
    expect(await json(owner, 'GET', `/sessions/${id}/bundle`)).toMatchObject({
      status: 409,
      body: { code: 'not-sealed-yet' },
    })
  })
})

test('an erased session keeps its proof and loses its content for ever', async () => {
  const id = await recorded()
  const headers = { 'x-hardware-key-signature': 'wrong' }
  expect(await json(owner, 'DELETE', `/sessions/${id}`, { headers })).toMatchObject({
    status: 403,
    body: { code: 'hardware-signature-refused' },
  })
  expect(api.demanded).toEqual([[`DELETE /api/v1/sessions/${id}`, 'wrong']])
  expect(await json(owner, 'DELETE', `/sessions/${id}`)).toMatchObject({
    status: 202,
    body: { erasure: { state: 'waiting', by: owner.address } },
  })
  expect(await api.erasures.sweep()).toBe(1)
  expect(await json(owner, 'GET', `/sessions/${id}`)).toMatchObject({ body: { erasure: { state: 'erased' } } })
  expect((await api.ask(owner, 'GET', `/sessions/${id}/bundle`)).status).toBe(200)
  const expires = Date.now() + 60_000
  const grant = { expires, signature: signGrant({ session: id, expires }, owner.key).toHex() }
  expect(await json(owner, 'POST', `/sessions/${id}/bundle`, { body: { grant } })).toMatchObject({
    status: 404,
    body: { code: 'key-erased' },
  })
})
