import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { x25519 } from '@noble/curves/ed25519.js'
import { openSealedKeys, type SealedKeys } from '#common/evidence/owner-seal'
import type { Guard } from '#common/http/identity'
import { ask, closedGuard, everyRouteRefusesStrangers, guardAs } from '#common/testing/app'
import { encryptorAt, OWNER, ownFolder, send, sessionId } from './fixture.ts'

const { root, remove } = ownFolder()
const session = sessionId()
const grant = { expires: 1, signature: '00'.repeat(65) }
const newSession = { session, owner: OWNER, chunk_size: 1024 }

let sessions: Awaited<ReturnType<typeof encryptorAt>>['sessions']
let appFor: (as: Guard) => Awaited<ReturnType<typeof encryptorAt>>['app']
beforeAll(async () => {
  const encryptor = await encryptorAt({ root })
  await encryptor.sessions.create(newSession)
  appFor = encryptor.appFor
  sessions = encryptor.sessions
})
afterAll(remove)

describe('session-encryptor', () => {
  test('refuses strangers on every route of its own', async () => {
    expect(await everyRouteRefusesStrangers(appFor(closedGuard))).toBe(11)
  })

  const encrypt = `/encrypt?session=${session}&index=0&epoch=1&flags=0&plain=1`
  type Narrowed = {
    readonly route: readonly [method: string, path: string, body?: unknown]
    /** The first of them stands in the name of the test. */
    readonly only: readonly string[]
  }
  const narrowed: readonly Narrowed[] = [
    { route: ['POST', '/sessions', newSession], only: ['session-orchestrator'] },
    { route: ['POST', `/sessions/${session}/seal`], only: ['session-orchestrator'] },
    { route: ['POST', `/sessions/${session}/writer`], only: ['session-chunker'] },
    { route: ['POST', encrypt], only: ['session-chunker'] },
    { route: ['POST', `/sessions/${session}/key`, { grant }], only: ['operator', 'api-server'] },
    { route: ['GET', `/sessions/${session}/key/sealed`], only: ['operator', 'api-server'] },
    { route: ['DELETE', `/sessions/${session}/key`], only: ['api-server'] },
    { route: ['POST', '/decrypt', { session, index: 0, grant }], only: ['operator'] },
  ]
  for (const { route, only } of narrowed)
    test(`lets only ${only.join(' and ')} ${route[0]} ${route[1].split('?')[0]}`, async () => {
      for (const caller of ['session-orchestrator', 'session-chunker', 'operator', 'session-recorder']) {
        if (only.includes(caller)) continue
        const [method, path, sent] = route
        const { status, body } = await ask(appFor(guardAs(caller)), method, path, sent)
        expect({ caller, status, body }).toEqual({
          caller,
          status: 403,
          body: expect.objectContaining({
            code: 'caller-not-allowed',
            detail: `this route is for ${only.join(' and ')} only`,
          }),
        })
      }
    })

  test('gives the session key sealed to the owner who gave an X25519 key, and says so where none was given', async () => {
    const app = appFor(guardAs('operator'))
    expect(await ask(app, 'GET', `/sessions/${session}/key/sealed`)).toMatchObject({
      status: 404,
      body: { code: 'not-sealed-to-owner' },
    })
    const other = sessionId(7)
    const secret = new Uint8Array(32).fill(7)
    await ask(appFor(guardAs('session-orchestrator')), 'POST', '/sessions', {
      ...newSession,
      session: other,
      owner_x25519: x25519.getPublicKey(secret).toHex(),
    })
    const { status, body } = await ask(app, 'GET', `/sessions/${other}/key/sealed`)
    expect(status).toBe(200)
    expect(openSealedKeys(body as SealedKeys, secret)).toEqual(await sessions.key(other))
  })

  test('refuses a chunk over the limit before it reads it', async () => {
    const app = appFor(guardAs('session-chunker'))
    const { status, body } = await send(app, 'POST', encrypt, new Uint8Array(16 * 1024 * 1024 + 1))
    expect({ status, body }).toEqual({ status: 413, body: expect.objectContaining({ code: 'body-too-large' }) })
  })

  const malformed: readonly (readonly [what: string, path: string, body?: unknown])[] = [
    ['a session id in capitals', `/sessions/${session.toUpperCase()}/writer`],
    ['a session id that is a path', '/sessions/..%2f..%2fetc/writer'],
    ['a negative index', encrypt.replace('index=0', 'index=-1')],
    ['an index beyond the tree', encrypt.replace('index=0', `index=${2 ** 20}`)],
    ['an unknown query field', `${encrypt}&also=this`],
    ['a fraction of a byte', encrypt.replace('plain=1', 'plain=1.5')],
  ]
  for (const [what, path, body] of malformed)
    test(`refuses ${what}`, async () => {
      expect(await ask(appFor(guardAs('session-chunker')), 'POST', path, body)).toMatchObject({ status: 400 })
    })

  test('refuses a new session with an unknown field, a bad owner, or a chunk size out of range', async () => {
    const app = appFor(guardAs('session-orchestrator'))
    for (const change of [{ key: '00' }, { owner: 'nobody' }, { chunk_size: 1023 }, { chunk_size: 2 ** 24 + 1 }])
      expect(await ask(app, 'POST', '/sessions', { ...newSession, ...change })).toMatchObject({
        status: 400,
        body: { code: 'bad-request' },
      })
  })
})
