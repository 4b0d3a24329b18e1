import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deriveAddress } from '#common/ethereum/address'
import { signTronMessage } from '#common/evidence/tron-message'
import { type RealServices, realServices } from '#common/testing/real-services'
import { noise } from '#common/testing/sample-session'
import { personOf, type TestPerson } from './fixture.ts'
import type { Session } from './model.ts'

// Nothing here is timed: only a hang fails.
setDefaultTimeout(300_000)

/** The real services as processes, with people who signed in at the real authentication. */
const PRIVATE_KEY = '11'.repeat(32)
const home = mkdtempSync(join(tmpdir(), 'lucid-api-'))
const services: RealServices = realServices(home, {
  'blockchain-ledger': {
    LEDGER_KEY: '22'.repeat(32),
    WITNESS_WAIT_MS: '0', // who reads the chain is started after it, at ports of its own
    REGISTRAR_ADDRESS: deriveAddress(PRIVATE_KEY),
    BLOCK_WINDOW_MS: '20',
  },
  'on-system-chain-client': { PRIVATE_KEY, POLL_MS: '20' },
  'session-encryptor': { MASTER_KEY: '33'.repeat(32), FREE_BYTES_KEPT: '0' },
  'session-orchestrator': { SIGNING_KEY: '44'.repeat(32) },
  authentication: { AUTH_KEY: '55'.repeat(32), SIGN_UP: 'open' },
})
const ORDER = [
  ...(['blockchain-vm', 'blockchain-ledger', 'blockchain-sessions-data', 'blockchain-api'] as const),
  ...(['on-system-chain-client', 'session-encryptor', 'merkle-builder', 'session-orchestrator'] as const),
  ...(['session-chunker', 'session-recorder', 'authentication', 'api-server'] as const),
]
const API = 'api-server'

/** What the tests read out of answers; each answer has some of it. */
type Body = Session & {
  readonly [text in 'nonce' | 'message' | 'access_token' | 'code' | 'sealer_public_key']: string
} & {
  readonly sessions: readonly Session[]
  readonly entries: readonly { readonly action: string; readonly actor?: string }[]
  readonly event: { readonly chunkCount: number }
  readonly anchors: readonly { readonly session_id: string }[]
}
const asked = async (url: string, init: RequestInit = {}) => {
  const reply = await fetch(url, init)
  return { status: reply.status, body: (await reply.json()) as Body }
}
const post = (body: object): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

/** The access token of a person who signed a challenge. */
const signIn = async ({ address, key }: TestPerson, code?: string): Promise<string> => {
  const at = services.url('authentication')
  const { nonce, message } = (await asked(`${at}/auth/challenge`, post({ address }))).body
  const signature = signTronMessage(message, key)
  const { body } = await asked(`${at}/auth/verify`, post({ address, nonce, signature, ...(code && { code }) }))
  expect(body).toMatchObject({ address, token_type: 'Bearer' })
  return body.access_token
}
const ask = (token: string, method: string, path: string, init: RequestInit = {}) =>
  asked(`${services.url(API)}/api/v1${path}`, {
    ...init,
    method,
    headers: { ...init.headers, authorization: `Bearer ${token}` },
  })
const until = async (token: string, id: string, state: string): Promise<Session> => {
  for (;;) {
    const { body } = await ask(token, 'GET', `/sessions/${id}`)
    if (body.state === state) return body
    await Bun.sleep(50)
  }
}

const [admin, user] = [personOf(1), personOf(2)]
let tokens: { readonly admin: string; readonly user: string }
beforeAll(async () => {
  for (const name of ORDER) await services.start(name)
  const operator = await services.as('operator')('authentication')
  const { body } = await asked(`${services.url('authentication')}/auth/admin-code`, {
    ...post({}),
    headers: { 'content-type': 'application/json', authorization: `Bearer ${operator}` },
  })
  tokens = { admin: await signIn(admin, body.code), user: await signIn(user) }
})
afterAll(async () => {
  await services.stop()
  rmSync(home, { recursive: true })
})

describe('people and the real services', () => {
  test('who signed in with a TRON key records, exports and proves', async () => {
    expect((await ask(tokens.admin, 'GET', '/me')).body).toMatchObject({ address: admin.address, roles: ['admin'] })
    const { body: made } = await ask(tokens.admin, 'POST', '/sessions', post({}))
    expect(made).toMatchObject({ state: 'created', owner: admin.address })
    const bytes = noise(20_000_000, 1)
    const sent = await ask(tokens.admin, 'PATCH', `/sessions/${made.id}/stream?offset=0&end=true&whole=true`, {
      body: bytes,
    })
    expect(sent).toMatchObject({ status: 200, body: { state: 'ended', acknowledged: bytes.length } })
    await until(tokens.admin, made.id, 'anchored')
    expect((await ask(tokens.admin, 'GET', '/sessions')).body.sessions).toHaveLength(1)
    expect((await ask(tokens.user, 'GET', `/sessions/${made.id}`)).status).toBe(404)
    expect((await ask(tokens.admin, 'GET', `/anchors/${made.id}`)).body.event.chunkCount).toBe(3)

    const { body: own } = await ask(tokens.user, 'POST', '/sessions', post({}))
    await ask(tokens.user, 'PATCH', `/sessions/${own.id}/stream?offset=0&end=true&whole=true`, { body: noise(9, 2) })
    await until(tokens.user, own.id, 'anchored')
    const listed = async (token: string) =>
      (await ask(token, 'GET', '/anchors')).body.anchors.map(({ session_id }) => session_id)
    // The index follows the chain.
    while ((await listed(tokens.admin)).length < 2) await Bun.sleep(50)
    expect((await listed(tokens.admin)).toSorted()).toEqual([made.id, own.id].toSorted())
    expect(await listed(tokens.user)).toEqual([own.id])

    const reply = await fetch(`${services.url(API)}/api/v1/sessions/${made.id}/bundle`, {
      headers: { authorization: `Bearer ${tokens.admin}` },
    })
    const file = join(home, 'evidence.lucid.tar')
    await Bun.write(file, reply)
    const { body: chain } = await asked(`${services.url('blockchain-api')}/chain`)
    const verify = ['bun', 'run', 'verify', file, '--json', '--trust', chain.sealer_public_key]
    const child = Bun.spawn(verify, { stdout: 'pipe', stderr: 'ignore' })
    expect(JSON.parse(await new Response(child.stdout).text())).toMatchObject({ exit: 0 })
  })

  test('each hop writes down for whom it acted', async () => {
    const actions = async (name: string) => {
      const { body } = await ask(tokens.admin, 'GET', `/audit?service=${name}&limit=500`)
      return body.entries
    }
    const expected = {
      'api-server': 'POST /api/v1/sessions',
      'session-recorder': 'POST /recordings/start',
      'session-orchestrator': 'POST /sessions',
    }
    for (const [name, action] of Object.entries(expected))
      expect(await actions(name)).toContainEqual(expect.objectContaining({ action, actor: admin.address }))
    expect((await ask(tokens.user, 'GET', '/audit?service=api-server')).status).toBe(403)
  })

  test('an API that is killed keeps what it answered, and its people stay signed in', async () => {
    const init = { ...post({}), headers: { 'content-type': 'application/json', 'idempotency-key': 'across-a-kill' } }
    const before = await ask(tokens.user, 'POST', '/sessions', init)
    expect(before.status).toBe(201)
    await services.kill(API)
    await services.start(API)
    expect(await ask(tokens.user, 'POST', '/sessions', init)).toEqual(before)
    expect((await ask(tokens.user, 'GET', '/sessions')).body.sessions.map(({ id }) => id)).toContain(before.body.id)
    expect((await ask(tokens.user, 'GET', '/sessions')).body.sessions).toHaveLength(2)
  })

  test('authentication that is away signs nobody out', async () => {
    await services.kill('authentication')
    expect((await ask(tokens.user, 'GET', '/me')).status).toBe(200)
    await services.start('authentication')
  })

  test('a stream of events ends with its service, which waits for nobody', async () => {
    const { body } = await ask(tokens.user, 'GET', '/sessions')
    const reply = await fetch(`${services.url(API)}/api/v1/sessions/${body.sessions[0]?.id}/events`, {
      headers: { authorization: `Bearer ${tokens.user}` },
    })
    const text = reply.text()
    await services.kill(API, 'SIGTERM')
    expect(await text).toContain('event: session')
    await services.start(API)
  })

  test('an admin sees what services run with and what they counted, and no secret', async () => {
    const { status, body: config } = await ask(tokens.admin, 'GET', '/admin/config')
    expect(status).toBe(200)
    const services = config['services' as keyof Body] as unknown as readonly { service: string; settings: object[] }[]
    const of = (name: string) => services.find(({ service }) => service === name)?.settings
    expect(of('session-encryptor')).toContainEqual({ key: 'MASTER_KEY', secret: true })
    expect(of('authentication')).toContainEqual({ key: 'SIGN_UP', value: 'open' })
    expect(of('api-server')).toContainEqual({ key: 'ERASURE_WAIT_MS', value: '86400000' })
    expect(of('blockchain-api')?.length).toBeGreaterThan(5)
    expect(JSON.stringify(config)).not.toMatch(/(?:22){32}|(?:33){32}|(?:44){32}|(?:55){32}/)
    const { body: metrics } = await ask(tokens.admin, 'GET', '/admin/metrics')
    const counted = metrics['services' as keyof Body] as unknown as readonly { service: string; failure?: string }[]
    expect(counted.filter(({ failure }) => failure === undefined).map(({ service }) => service)).toEqual(
      expect.arrayContaining(['api-server', 'session-chunker', 'blockchain-ledger', 'authentication']),
    )
    // Not started here.
    expect(counted).toContainEqual({ service: 'tor-proxy', failure: 'it cannot be reached' })
    for (const path of ['/admin/config', '/admin/metrics'])
      expect((await ask(tokens.user, 'GET', path)).status).toBe(403)
  })

  test('who changes a user as he read him changes nobody else’s change', async () => {
    const path = `/users/${user.address}`
    const read = await fetch(`${services.url(API)}/api/v1${path}`, {
      headers: { authorization: `Bearer ${tokens.admin}` },
    })
    const tag = read.headers.get('etag') ?? ''
    const change = (ifMatch: string) => {
      const { headers, ...init } = post({ roles: ['user', 'observer'] })
      return ask(tokens.admin, 'PUT', path, { ...init, headers: { ...headers, 'if-match': ifMatch } })
    }
    expect(await change('"yesterday"')).toMatchObject({ status: 412, body: { code: 'changed-meanwhile' } })
    expect(await change(tag)).toMatchObject({ status: 200, body: { roles: ['user', 'observer'] } })
    expect((await change(tag)).status).toBe(412)
    tokens = { ...tokens, user: await signIn(user) }
  })

  test('a role that is taken away counts at once, while its owner is signed in', async () => {
    const init = { ...post({ roles: [], status: 'active' }) }
    expect((await ask(tokens.admin, 'PUT', `/users/${user.address}`, { ...init })).status).toBe(200)
    while ((await ask(tokens.user, 'GET', '/sessions')).status === 200) await Bun.sleep(50)
    expect((await ask(tokens.user, 'GET', '/sessions')).body).toMatchObject({ code: 'bad-access-token' })
    expect((await ask(await signIn(user), 'GET', '/sessions')).status).toBe(403)
  })
})
