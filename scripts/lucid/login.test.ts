import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deriveOwner } from '#common/evidence/tron-message'
import { realServices } from '#common/testing/real-services'
import { serveDoor } from './door.fixture.ts'
import { person } from './lucid.fixture.ts'

const secret = '11'.repeat(32)
const address = deriveOwner(Uint8Array.fromHex(secret))
const home = mkdtempSync(join(tmpdir(), 'lucid-login-'))
const services = realServices(home, { authentication: { AUTH_KEY: '55'.repeat(32), SIGN_UP: 'open' } })
beforeAll(() => services.start('authentication'), 120_000)
afterAll(async () => {
  await services.stop()
  rmSync(home, { recursive: true, force: true })
})
const undo: (() => unknown)[] = []
afterEach(() => {
  for (const each of undo.splice(0)) each()
})

const begin = async (change?: Parameters<typeof serveDoor>[1]) => {
  const platform = serveDoor(services, change)
  const someone = await person({ me: secret })
  undo.push(platform.stop, someone.remove)
  const login = () => someone.lucid(['login', '--url', platform.url, ...someone.key('me')])
  return { ...someone, platform, login }
}

test('a person signs in with a key file, is known from then on, and signs out', async () => {
  const { lucid, login, folder, platform } = await begin()
  expect(await login()).toEqual({
    out: `${address}  user\n`,
    err: 'signed in; kept in a file that only you can read\n',
    code: 0,
  })
  expect(statSync(join(folder, 'config/sign-ins/me.json')).mode & 0o777).toBe(0o600)
  expect(await lucid(['whoami'])).toEqual({ out: `${address}  user\n`, err: '', code: 0 })
  expect(JSON.parse((await lucid(['whoami', '--json'])).out)).toEqual({ address, roles: ['user'], url: platform.url })
  await lucid(['logout'])
  expect(await lucid(['whoami'])).toEqual({
    out: '',
    err: 'lucid whoami: nobody is signed in here: bun run lucid login\n',
    code: 77,
  })
}, 120_000)

test('of eight commands that find the access token due, one refreshes it', async () => {
  const { lucid, login, platform, folder } = await begin()
  await login()
  const file = join(folder, 'config/sign-ins/me.json')
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), access_until: 0 }))
  const all = await Promise.all(Array.from({ length: 8 }, () => lucid(['whoami'])))
  expect(all.map(({ code, err }) => ({ code, err }))).toEqual(all.map(() => ({ code: 0, err: '' })))
  expect(platform.asked.filter((each) => each === 'POST /auth/refresh')).toHaveLength(1)
}, 120_000)

test('an edited event of a session is shown as such, and fails the command', async () => {
  const id = 'a1b2c3d4-e5f6-4789-8abc-def012345678'
  let fault: object | undefined
  const { lucid, login } = await begin((pass) => async (request) => {
    if (!request.url.includes(`/sessions/${id}/audit`)) return pass(request)
    const after = Number(new URL(request.url).searchParams.get('after') ?? -1)
    const count = after < 0 ? 1000 : 1
    const event = (seq: number) => ({ seq, at: 0, event: 'active', prev: '0'.repeat(64), hash: '0'.repeat(64) })
    const events = Array.from({ length: count }, (_, place) => event(after + 1 + place))
    return Response.json({ events, ...(after > 0 && fault && { fault }) })
  })
  await login()
  const whole = await lucid(['audit', id])
  expect({ code: whole.code, err: whole.err, last: whole.out.trim().split('\n').at(-1) }).toEqual({
    code: 0,
    err: '',
    last: expect.stringMatching(/^1000 /),
  })
  fault = { seq: 1000, detail: 'event 1000 (active): its body was altered' }
  const edited = await lucid(['audit', id])
  expect({ ...edited, out: edited.out === whole.out }).toEqual({
    code: 1,
    err: 'NOT whole: event 1000 (active): its body was altered; do not believe it or what follows it\n',
    out: true,
  })
  expect(JSON.parse((await lucid(['audit', id, '--json'])).out)).toMatchObject({ fault })
}, 120_000)

test('an access token that was made void is refreshed once', async () => {
  let token: string | null = null
  const { lucid, login, platform } = await begin((pass) => (request) => {
    const shown = request.headers.get('authorization')
    token ??= shown
    return shown === null || shown !== token ? pass(request) : Promise.resolve(new Response('{}', { status: 401 }))
  })
  await login()
  expect(await lucid(['whoami'])).toEqual({ out: `${address}  user\n`, err: '', code: 0 })
  expect(platform.asked.slice(-3)).toEqual(['GET /auth/me', 'POST /auth/refresh', 'GET /auth/me'])
}, 120_000)

test('a sign-in of a lost device is ended from another, and says there how to go on', async () => {
  const { lucid, login, platform, key } = await begin()
  await login()
  await lucid(['login', '--as', 'lost', '--url', platform.url, ...key('me')])
  const { sign_ins } = JSON.parse((await lucid(['sign-ins', '--as', 'lost', '--json'])).out) as {
    readonly sign_ins: readonly { readonly id: string; readonly current: boolean }[]
  }
  const id = sign_ins.find(({ current }) => current)?.id ?? ''
  expect((await lucid(['sign-ins'])).out).toContain(id)
  expect(await lucid(['sign-ins', 'revoke', 'that'])).toMatchObject({ code: 64 })
  expect(await lucid(['sign-ins', 'revoke', id])).toEqual({ out: '', err: 'ended\n', code: 0 })
  expect(await lucid(['whoami', '--as', 'lost'])).toEqual({
    out: '',
    err: 'lucid whoami: your sign-in has ended: bun run lucid login --as lost\n',
    code: 77,
  })
}, 120_000)

test.each([
  ['a release of a key', (_: string) => 'lucid:key-release:v1:0c0f1b6e-9d5e-4f3a-8b1c-2d3e4f5a6b7c:1'],
  ['a sign-in of somebody else', (text: string) => text.replace(/As: T/, 'As: t')],
  ['a dangerous action', (text: string) => text.replace('sign in', 'POST /api/v1/admin/keys')],
  ['a sign-in with more below it', (text: string) => `${text}\nand all that I own`],
])(
  '%s is not signed in place of a sign-in',
  async (_, text) => {
    const { login, platform } = await begin((pass) => async (request) => {
      const challenge = (await (await pass(request)).json()) as { readonly message: string }
      return Response.json({ ...challenge, message: text(challenge.message) })
    })
    expect(await login()).toEqual({
      out: '',
      err: 'lucid login: what the platform wants to have signed is no sign-in: nothing was signed\n',
      code: 1,
    })
    expect(platform.asked).toEqual(['POST /auth/challenge'])
  },
  120_000,
)

test('a platform that is away, an address that is none and an onion without Tor are said in one line', async () => {
  const { lucid, login, platform, key } = await begin()
  platform.stop()
  expect(await login()).toEqual({ out: '', err: `lucid login: ${platform.url} does not answer: is it up?\n`, code: 69 })
  const onion = `http://${'a'.repeat(56)}.onion`
  const loginAt = (...more: readonly string[]) => lucid(['login', ...more, ...key('me')])
  expect(await loginAt('--url', onion)).toMatchObject({
    code: 64,
    err: expect.stringContaining('give --socks 127.0.0.1:9050'),
  })
  expect(await loginAt('--url', onion, '--socks', '127.0.0.1:1')).toMatchObject({
    code: 69,
    err: 'lucid login: the SOCKS proxy 127.0.0.1:1 does not answer: is Tor running?\n',
  })
  expect(await loginAt('--url', onion, '--socks', 'tor')).toMatchObject({ code: 64 })
  expect(await loginAt('--url', 'file:///etc/passwd')).toMatchObject({ code: 64 })
}, 120_000)

/** A SOCKS5 proxy (RFC 1928) without authentication: every name leads to this port, or nowhere, as Tor answers for an onion that is not there. */
const serveSocks = async (target?: number) => {
  const names: string[] = []
  const proxy = createServer((client) => {
    client.on('error', () => client.destroy())
    client.once('data', () => {
      client.write(Uint8Array.of(5, 0))
      client.once('data', (request: Buffer) => {
        names.push(request.subarray(5, 5 + (request[4] ?? 0)).toString())
        if (target === undefined) return client.end(Uint8Array.of(5, 4, 0, 1, 0, 0, 0, 0, 0, 0))
        const upstream = connect(target, '127.0.0.1', () => {
          client.write(Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0))
          client.pipe(upstream).pipe(client)
        })
        return upstream.on('error', () => client.destroy())
      })
    })
  })
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done))
  undo.push(() => proxy.close())
  return { names, socks: `127.0.0.1:${(proxy.address() as { readonly port: number }).port}` }
}

test('an onion is signed in to through the SOCKS proxy alone, then and later', async () => {
  const { lucid, key, platform } = await begin()
  const host = `${'a'.repeat(56)}.onion`
  const { socks, names } = await serveSocks(Number(new URL(platform.url).port))
  expect(await lucid(['login', '--url', `http://${host}`, '--socks', socks, ...key('me')])).toMatchObject({ code: 0 })
  expect(await lucid(['whoami'])).toMatchObject({ code: 0, out: `${address}  user\n` })
  expect(names.length).toBeGreaterThan(2)
  expect([...new Set(names)]).toEqual([host])
}, 120_000)

test('an onion that the SOCKS proxy does not find is told from a proxy that is away', async () => {
  const { lucid, key } = await begin()
  const { socks } = await serveSocks()
  const onion = `http://${'a'.repeat(56)}.onion`
  expect(await lucid(['login', '--url', onion, '--socks', socks, ...key('me')])).toEqual({
    out: '',
    err: `lucid login: ${onion} is not found through the SOCKS proxy ${socks}: is the address right, and is it up?\n`,
    code: 69,
  })
}, 120_000)
