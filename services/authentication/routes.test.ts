import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { entityTag } from '#common/http/etag'
import { sqliteStore } from '#common/store/sqlite'
import { authentication, CLUSTER, NOW, someone } from './fixture.ts'

const [ann, bob, eve] = [someone(1), someone(2), someone(3)] as const

const withAdmin = async (options: Parameters<typeof authentication>[0] = {}) => {
  const auth = authentication(options)
  const { tokens } = await auth.signIn(ann, { code: await auth.adminCode() })
  return { ...auth, admin: tokens }
}
const me = (auth: Pick<ReturnType<typeof authentication>, 'ask'>, token: string) =>
  auth.ask('GET', '/auth/me', { token })

describe('the first admin', () => {
  test('signs in with the one-time code of the operator, once', async () => {
    const auth = authentication()
    const code = await auth.adminCode()
    const { status, tokens } = await auth.signIn(ann, { code: code.toLowerCase().replaceAll('-', ' ') })
    expect({ status, roles: tokens.roles }).toEqual({ status: 200, roles: ['admin'] })
    expect(await me(auth, tokens.access_token)).toMatchObject({ status: 200, body: { address: ann.address } })
    expect(await auth.signIn(eve, { code })).toMatchObject({ status: 401, body: { code: 'bad-code' } })
  })

  test('gets no code while there is one, unless it is to recover', async () => {
    const auth = await withAdmin()
    expect(await auth.asOperator('POST', '/auth/admin-code', {})).toMatchObject({
      status: 409,
      body: { code: 'admin-exists' },
    })
    const { tokens } = await auth.signIn(bob, { code: await auth.adminCode(true) })
    expect(tokens.roles).toEqual(['admin'])
  })

  test('cannot use a code that expired, or one that was replaced', async () => {
    const auth = authentication()
    const [first, second] = [await auth.adminCode(), await auth.adminCode()]
    expect(await auth.signIn(ann, { code: first })).toMatchObject({ body: { code: 'bad-code' } })
    auth.clock.now += 3_600_001
    expect(await auth.signIn(ann, { code: second })).toMatchObject({ body: { code: 'code-expired' } })
  })

  test('closes no account that nobody added', async () => {
    const auth = await withAdmin()
    expect(await auth.asOperator('PUT', `/auth/users/${bob.address}`, { roles: [], status: 'closed' })).toMatchObject({
      status: 404,
      body: { code: 'no-such-user' },
    })
    expect(await auth.asOperator('GET', `/auth/users/${bob.address}`)).toMatchObject({ status: 404 })
  })

  test('stays the last until there is another', async () => {
    const auth = await withAdmin()
    const demote = () => auth.asOperator('PUT', `/auth/users/${ann.address}`, { roles: ['user'] })
    expect(await demote()).toMatchObject({ status: 409, body: { code: 'last-admin' } })
    await auth.asOperator('PUT', `/auth/users/${bob.address}`, { roles: ['admin'] })
    expect(await demote()).toMatchObject({ status: 200 })
  })
})

describe('a challenge', () => {
  test('names cluster, purpose, address and its end in what is signed', async () => {
    const { message, nonce } = await authentication().challenge(ann)
    expect(message.split('\n')).toEqual([
      `Lucid ${CLUSTER} asks you to sign.`,
      'For: sign in',
      `As: ${ann.address}`,
      `Until: ${new Date(NOW + 600_000).toISOString()}`,
      `Nonce: ${nonce}`,
    ])
  })

  test('is answered once', async () => {
    const auth = await withAdmin()
    const { sent } = await auth.signIn(ann)
    expect(await auth.ask('POST', '/auth/verify', { body: sent })).toMatchObject({
      status: 401,
      body: { code: 'nonce-used' },
    })
  })

  test('is answered once also across a restart', async () => {
    const auth = await withAdmin()
    const { sent } = await auth.signIn(ann)
    const again = authentication({ store: auth.store })
    expect(await again.ask('POST', '/auth/verify', { body: sent })).toMatchObject({ body: { code: 'nonce-used' } })
  })

  test.each([
    ['stale', 600_001, 'challenge-expired'],
    ['dated by a clock that was set back an hour', -3_600_000, 'challenge-expired'],
  ] as const)('that is %s signs nobody in', async (_, moves, code) => {
    const auth = await withAdmin()
    const { nonce, message } = await auth.challenge(ann)
    auth.clock.now += moves
    const body = { address: ann.address, nonce, signature: ann.sign(message) }
    expect(await auth.ask('POST', '/auth/verify', { body })).toMatchObject({ status: 401, body: { code } })
  })

  test('of another service, another person or another purpose signs nobody in', async () => {
    const auth = await withAdmin()
    const foreign = await authentication({ secret: new Uint8Array(32) }).challenge(ann)
    const forErase = await auth.challenge(ann, 'DELETE /api/v1/sessions/x')
    const forBob = await auth.challenge(bob)
    for (const { nonce, message } of [foreign, forErase, forBob]) {
      const body = { address: ann.address, nonce, signature: ann.sign(message) }
      expect(await auth.ask('POST', '/auth/verify', { body })).toMatchObject({
        status: 401,
        body: { code: 'bad-nonce' },
      })
    }
  })

  test('signed by somebody else, without the prefix or over a changed text signs nobody in', async () => {
    const auth = await withAdmin()
    const { nonce, message } = await auth.challenge(ann)
    for (const signature of [
      eve.sign(message),
      ann.sign(`${message}\n`),
      ann.sign(message.replace('sign in', 'sign out')),
    ])
      expect(
        await auth.ask('POST', '/auth/verify', { body: { address: ann.address, nonce, signature } }),
      ).toMatchObject({ status: 401, body: { code: 'bad-signature' } })
  })

  test('answered with anything else is refused, and no answer is a fault of ours', async () => {
    const auth = await withAdmin()
    const { nonce, message } = await auth.challenge(ann)
    const right = { address: ann.address, nonce, signature: ann.sign(message) }
    const field = fc.constantFrom('address', 'nonce', 'signature', 'code', 'device')
    const value = fc.oneof(
      fc.string(),
      fc.string({ minLength: 130, maxLength: 130, unit: fc.constantFrom(...'0123456789abcdef') }),
      fc.jsonValue(),
    )
    await fc.assert(
      fc.asyncProperty(field, value, async (name, given) => {
        fc.pre(JSON.stringify(given) !== JSON.stringify(right[name as keyof typeof right]) && name !== 'device')
        const { status } = await auth.ask('POST', '/auth/verify', { body: { ...right, [name]: given } })
        expect([400, 401, 403, 429]).toContain(status)
      }),
      { numRuns: 1000 },
    )
    expect(await auth.ask('POST', '/auth/verify', { body: right })).toMatchObject({ status: 200 })
  }, 60_000)
})

describe('wrong answers', () => {
  const wrong = async (auth: ReturnType<typeof authentication>, who = ann) => {
    const { nonce, message } = await auth.challenge(who)
    return auth.ask('POST', '/auth/verify', { body: { address: who.address, nonce, signature: eve.sign(message) } })
  }

  test('lock an address after five, known or not, and a right one still signs in', async () => {
    const auth = await withAdmin()
    for (const who of [ann, bob]) {
      const codes = []
      for (let asked = 0; asked < 7; asked++) codes.push((await wrong(auth, who)).body['code'])
      expect(codes).toEqual([...Array(5).fill('bad-signature'), 'locked', 'locked'])
    }
    expect((await auth.signIn(ann)).status).toBe(200)
    auth.clock.now += 900_000
    expect((await wrong(auth)).body['code']).toBe('bad-signature')
  })

  test('tell nobody who has an account: only its own key learns that', async () => {
    const auth = await withAdmin()
    const shape = ({ status, body }: Awaited<ReturnType<typeof wrong>>) => ({
      status,
      code: body['code'],
      detail: body['detail'],
    })
    expect(shape(await wrong(auth, bob))).toEqual(shape(await wrong(auth, ann)))
    expect(await auth.signIn(bob)).toMatchObject({ status: 403, body: { code: 'not-invited' } })
  })
})

describe('refresh tokens', () => {
  test('are exchanged for the next, and the access token goes on', async () => {
    const auth = await withAdmin()
    auth.clock.now += 60_000
    const next = await auth.ask('POST', '/auth/refresh', { body: { refresh_token: auth.admin.refresh_token } })
    expect(next.status).toBe(200)
    expect(next.body['refresh_token']).not.toBe(auth.admin.refresh_token)
    expect(await me(auth, next.body['access_token'] as string)).toMatchObject({ status: 200 })
  })

  test('whose reply was lost are answered with the same again', async () => {
    const auth = await withAdmin()
    const ask = () => auth.ask('POST', '/auth/refresh', { body: { refresh_token: auth.admin.refresh_token } })
    const [one, two] = await Promise.all([ask(), ask()])
    expect(one.status).toBe(200)
    expect(two.body['refresh_token']).toBe(one.body['refresh_token'])
  })

  test('used again later end the sign-in: its thief and its owner are both out', async () => {
    const auth = await withAdmin()
    const refresh = (refresh_token: unknown) => auth.ask('POST', '/auth/refresh', { body: { refresh_token } })
    const next = await refresh(auth.admin.refresh_token)
    auth.clock.now += 31_000
    expect(await refresh(auth.admin.refresh_token)).toMatchObject({
      status: 401,
      body: { code: 'refresh-token-reused' },
    })
    expect(await refresh(next.body['refresh_token'])).toMatchObject({ status: 401, body: { code: 'signed-out' } })
    expect(await me(auth, next.body['access_token'] as string)).toMatchObject({ status: 401 })
  })

  test('end after seven days without use, or ninety in all', async () => {
    const auth = await withAdmin()
    let { refresh_token } = auth.admin as { refresh_token: unknown }
    const refresh = () => auth.ask('POST', '/auth/refresh', { body: { refresh_token } })
    for (let days = 6; days <= 84; days += 6) {
      auth.clock.now += 6 * 86_400_000
      const { status, body } = await refresh()
      expect(status).toBe(200)
      refresh_token = body['refresh_token']
    }
    auth.clock.now += 6 * 86_400_000 + 1
    expect(await refresh()).toMatchObject({ status: 401, body: { code: 'signed-out' } })
  })

  test('of nobody are refused', async () => {
    const auth = await withAdmin()
    const { refresh_token } = auth.admin
    for (const text of ['x', refresh_token.slice(0, -1), refresh_token.replace('.0.', '.1.'), `${refresh_token}A`])
      expect(await auth.ask('POST', '/auth/refresh', { body: { refresh_token: text } })).toMatchObject({
        body: { code: 'bad-refresh-token' },
      })
  })
})

test('whoever acts for somebody else changes accounts and keys only for one who is an admin now', async () => {
  const auth = await withAdmin()
  const setEve = (actor: string) =>
    auth.onBehalfOf(actor, 'PUT', `/auth/users/${eve.address}`, { body: { roles: ['user'] } })
  expect(await setEve(bob.address)).toMatchObject({ status: 403, body: { code: 'not-an-admin' } })
  await auth.asOperator('PUT', `/auth/users/${bob.address}`, { roles: ['dev'] })
  expect(await setEve(bob.address)).toMatchObject({ status: 403, body: { code: 'not-an-admin' } })
  const rotate = await auth.onBehalfOf(bob.address, 'POST', '/auth/keys/rotate')
  expect(rotate).toMatchObject({ status: 403, body: { code: 'not-an-admin' } })
  expect(await setEve(ann.address)).toMatchObject({ status: 200 })
})

test('of two admins who changed the same version of an account one is told', async () => {
  const auth = await withAdmin()
  const change = (roles: readonly string[], ifMatch?: string) =>
    auth.onBehalfOf(ann.address, 'PUT', `/auth/users/${bob.address}`, { body: { roles }, ...(ifMatch && { ifMatch }) })
  const stale = { status: 412, body: { code: 'changed-meanwhile' } }
  expect(await auth.asOperator('GET', `/auth/users/${bob.address}`)).toMatchObject({ status: 404 })
  expect(await change(['user'], '*')).toMatchObject(stale)
  await change(['user'])
  const { body: read } = await auth.asOperator('GET', `/auth/users/${bob.address}`)
  const tag = entityTag(read)
  const replies = await Promise.all([change(['dev'], tag), change(['observer'], tag)])
  expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 412])
  const mail = (ifMatch: string) =>
    auth.onBehalfOf(ann.address, 'PUT', `/auth/users/${bob.address}/email`, {
      body: { email: 'bob@example.org' },
      ifMatch,
    })
  expect(await mail(tag)).toMatchObject(stale)
  const won = replies.find(({ status }) => status === 200)
  expect(await mail(entityTag(won?.body))).toMatchObject({ status: 200, body: { email: 'bob@example.org' } })
  expect(await change(['user'], entityTag(won?.body))).toMatchObject(stale)
})

describe('what ends access', () => {
  test('a role that is taken away counts at once, and the next token says so', async () => {
    const auth = await withAdmin()
    await auth.asOperator('PUT', `/auth/users/${bob.address}`, { roles: ['admin'] })
    auth.clock.now += 1
    const { tokens } = await auth.signIn(bob)
    auth.clock.now += 1
    await auth.asOperator('PUT', `/auth/users/${bob.address}`, { roles: ['observer'] })
    expect(await me(auth, tokens.access_token)).toMatchObject({ status: 401, body: { code: 'bad-access-token' } })
    auth.clock.now += 1
    const next = await auth.ask('POST', '/auth/refresh', { body: { refresh_token: tokens.refresh_token } })
    expect(next.body['roles']).toEqual(['observer'])
  })

  test('an account that is closed signs in no more, and what it had is void', async () => {
    const auth = await withAdmin({ signUp: 'open' })
    const { tokens } = await auth.signIn(bob)
    expect(tokens.roles).toEqual(['user'])
    auth.clock.now += 1
    await auth.asOperator('PUT', `/auth/users/${bob.address}`, { roles: [], status: 'closed' })
    expect(await me(auth, tokens.access_token)).toMatchObject({ status: 401 })
    expect(await auth.ask('POST', '/auth/refresh', { body: { refresh_token: tokens.refresh_token } })).toMatchObject({
      body: { code: 'signed-out' },
    })
    expect(await auth.signIn(bob)).toMatchObject({ status: 403, body: { code: 'account-closed' } })
    await auth.asOperator('PUT', `/auth/users/${bob.address}`, { roles: ['user'] })
    expect(await auth.ask('POST', '/auth/refresh', { body: { refresh_token: tokens.refresh_token } })).toMatchObject({
      body: { code: 'signed-out' },
    })
  })

  test('signing out, here or from another device, and of nobody else', async () => {
    const auth = await withAdmin()
    const { tokens: phone } = await auth.signIn(ann, { device: 'phone' })
    const list = (await auth.ask('GET', '/auth/sign-ins', { token: phone.access_token })).body['sign_ins'] as readonly {
      id: string
      device: string
      current: boolean
    }[]
    expect(list.map(({ device, current }) => [device, current]).toSorted()).toEqual([
      ['', false],
      ['phone', true],
    ])
    const other = list.find(({ current }) => !current)?.id ?? ''
    await auth.asOperator('PUT', `/auth/users/${bob.address}`, { roles: ['user'] })
    auth.clock.now += 1
    const { tokens: stranger } = await auth.signIn(bob)
    expect(await auth.ask('DELETE', `/auth/sign-ins/${other}`, { token: stranger.access_token })).toMatchObject({
      status: 404,
    })
    expect(await auth.ask('DELETE', `/auth/sign-ins/${other}`, { token: phone.access_token })).toMatchObject({
      status: 200,
    })
    expect(await me(auth, auth.admin.access_token)).toMatchObject({ status: 401 })
    expect(await auth.ask('POST', '/auth/logout', { token: phone.access_token })).toMatchObject({ status: 200 })
    expect(await me(auth, phone.access_token)).toMatchObject({ status: 401 })
  })

  test('no more than fifty devices at once', async () => {
    const auth = await withAdmin()
    for (let device = 0; device < 52; device++) {
      auth.clock.now += 1
      await auth.signIn(ann)
    }
    expect((await auth.signIns.list(ann.address)).length).toBe(50)
  })
})

describe('signing keys', () => {
  test('are rotated with overlap: the old one stays published, the new one signs once it is known', async () => {
    const auth = await withAdmin()
    const kidOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid
    const first = kidOf(auth.admin.access_token)
    const { kid } = (await auth.asOperator('POST', '/auth/keys/rotate')).body
    expect(kidOf((await auth.signIn(ann)).tokens.access_token)).toBe(first)
    auth.clock.now += 11_000
    const { tokens } = await auth.signIn(ann)
    expect(kidOf(tokens.access_token)).toBe(kid)
    for (const token of [tokens.access_token, auth.admin.access_token])
      expect(await me(auth, token)).toMatchObject({ status: 200 })
    const published = (await auth.ask('GET', '/auth/jwks.json')).body['keys'] as readonly { kid: string }[]
    expect(published.map((key) => key.kid).toSorted()).toEqual([first, kid].toSorted() as string[])
    expect(JSON.stringify(published)).not.toContain('"d"')
  })

  test('are never more than verifiers are told of, however often they are rotated', async () => {
    const auth = await withAdmin()
    const statuses = []
    for (let rotation = 0; rotation < 20; rotation++)
      statuses.push((await auth.asOperator('POST', '/auth/keys/rotate')).status)
    expect(statuses).toEqual([...Array(15).fill(200), ...Array(5).fill(429)])
    expect((await auth.ask('GET', '/auth/jwks.json')).status).toBe(200)
    expect(await me(auth, auth.admin.access_token)).toMatchObject({ status: 200 })
    auth.clock.now += 3_600_000
    expect(await auth.asOperator('POST', '/auth/keys/rotate')).toMatchObject({ status: 200 })
  })

  test('are destroyed at a rotation once their last token has ended', async () => {
    const auth = await withAdmin()
    for (let rotation = 0; rotation < 4; rotation++) {
      await auth.asOperator('POST', '/auth/keys/rotate')
      auth.clock.now += 3_600_000
    }
    expect((await auth.signingKeys.jwks()).keys.length).toBeLessThanOrEqual(3)
  })
})

test('whoever signs in, and a stolen refresh token, are in the audit log; no token is', async () => {
  const auth = await withAdmin()
  const { refresh_token } = auth.admin
  await auth.ask('POST', '/auth/refresh', { body: { refresh_token } })
  auth.clock.now += 60_000
  await auth.ask('POST', '/auth/refresh', { body: { refresh_token } })
  const { body } = await auth.asOperator('GET', '/audit?limit=10')
  const session = refresh_token.slice(0, 36)
  expect(body['entries']).toMatchObject([
    { action: 'POST /auth/admin-code', caller: 'operator' },
    { action: 'sign-in', actor: ann.address, params: { session, by: 'tron', roles: 'admin' } },
    { action: 'refresh-token-reused', params: { session } },
  ])
  expect(JSON.stringify(body)).not.toContain(refresh_token)
})

test('people and services are two realms', async () => {
  const auth = await withAdmin()
  for (const [method, path] of [
    ['GET', '/auth/users'],
    ['GET', '/auth/state'],
  ] as const)
    expect(await auth.ask(method, path, { token: auth.admin.access_token })).toMatchObject({ status: 403 })
  expect(await auth.asOperator('GET', '/auth/me')).toMatchObject({ status: 403 })
})

test('a hundred thousand challenges leave nothing behind, and what was answered is forgotten when it has ended', async () => {
  const auth = await withAdmin({ store: sqliteStore({ path: ':memory:' }) })
  for (let asked = 0; asked < 2_000; asked++) await auth.challenge(bob)
  auth.clock.now += 700_000
  await auth.signIns.sweep()
  const { tables } = await import('./store.ts')
  expect(await tables(auth.store).nonces.count()).toBe(0)
})
