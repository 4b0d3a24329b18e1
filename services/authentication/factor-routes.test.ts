import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { Secret, TOTP } from 'otpauth'
import { routePeople } from '#common/testing/app'
import { OPEN_FACTORS } from './factor-routes.ts'
import { authentication, someone } from './fixture.ts'

// Nothing here is timed: only a hang fails.
setDefaultTimeout(60_000)

const folder = mkdtempSync(join(tmpdir(), 'lucid-factors-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const [ann, bob, device, spare] = [someone(1), someone(2), someone(11), someone(12)] as const
type Auth = ReturnType<typeof authentication>
let folders = 0

const withAdmin = async (options: Parameters<typeof authentication>[0] = {}) => {
  const auth = authentication({ data: join(folder, `${folders++}`), ...options })
  const { tokens } = await auth.signIn(ann, { code: await auth.adminCode() })
  auth.clock.now += 1
  return { ...auth, token: tokens.access_token }
}

/** NONCE.SIGNATURE of a device for an action. */
const proofOf = async (auth: Pick<Auth, 'challenge'>, purpose: string, by = device) => {
  const { nonce, message } = await auth.challenge(by, purpose)
  return `${nonce}.${by.sign(message)}`
}
const enrolBody = async (auth: Pick<Auth, 'challenge'>, by = device) => {
  const { nonce, message } = await auth.challenge(by, 'POST /auth/hardware-keys')
  return { address: by.address, nonce, signature: by.sign(message), name: 'Ledger' }
}

test('every route but those of whoever is not signed in yet needs a token of the right realm', async () => {
  const { app, ask, asOperator } = await withAdmin()
  const forPeople = Object.keys(routePeople(app)).filter((route) => /factors|totp|passkeys|hardware-keys/.test(route))
  expect(forPeople).toHaveLength(9)
  for (const route of forPeople) {
    const [method = '', path = ''] = route.replace(':id', 'x').replace(':address', ann.address).split(' ')
    expect({ route, status: (await ask(method, path)).status }).toEqual({ route, status: 401 })
    expect({ route, status: (await asOperator(method, path)).status }).toEqual({ route, status: 403 })
  }
})

describe('an authenticator app', () => {
  const enrolled = async () => {
    const auth = await withAdmin()
    const { secret = '', uri } = (await auth.ask('POST', '/auth/totp', { token: auth.token })).body as Record<
      string,
      string
    >
    const code = () => TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: auth.clock.now })
    const confirmed = await auth.ask('POST', '/auth/totp/confirm', { token: auth.token, body: { totp: code() } })
    auth.clock.now += 30_000
    return { ...auth, secret, uri, code, recovery: confirmed.body['recovery_codes'] as string[] }
  }

  test('is asked for once it is in force, after the signature and before the nonce is used up', async () => {
    const auth = await enrolled()
    expect(auth.uri).toStartWith(`otpauth://totp/Lucid:${ann.address}?`)
    const first = await auth.signIn(ann)
    expect(first).toMatchObject({ status: 401, body: { code: 'totp-required' } })
    const wrong = { ...first.sent, totp: auth.code() === '000000' ? '000001' : '000000' }
    expect((await auth.ask('POST', '/auth/verify', { body: wrong })).body).toMatchObject({ code: 'totp-wrong' })
    const right = await auth.ask('POST', '/auth/verify', { body: { ...first.sent, totp: auth.code() } })
    expect(right.status).toBe(200)
    expect((await auth.signIns.list(ann.address)).map(({ methods }) => methods)).toContainEqual(['tron', 'totp'])
  })

  test('is not asked about by whoever cannot sign, so it tells nothing and locks nobody out', async () => {
    const auth = await enrolled()
    for (let turn = 0; turn < 10; turn += 1) {
      const { nonce, message } = await auth.challenge(ann)
      const body = { address: ann.address, nonce, signature: bob.sign(message), totp: '000000' }
      expect(['bad-signature', 'locked']).toContain(
        (await auth.ask('POST', '/auth/verify', { body })).body['code'] as string,
      )
    }
    expect((await auth.signIn(ann, { totp: auth.code() })).status).toBe(200)
  })

  test('that is lost is stood in for by a recovery code, with which it is removed too', async () => {
    const auth = await enrolled()
    expect((await auth.signIn(ann, { totp: auth.recovery[0] })).status).toBe(200)
    expect((await auth.signIn(ann, { totp: auth.recovery[0] })).body).toMatchObject({ code: 'totp-wrong' })
    const about = async () => (await auth.ask('GET', '/auth/factors', { token: auth.token })).body
    expect(await about()).toEqual({ totp: true, recovery_codes: 9, passkeys: [], hardware_keys: [] })
    const removed = await auth.ask('POST', '/auth/totp/remove', { token: auth.token, body: { totp: auth.recovery[1] } })
    expect(removed.status).toBe(200)
    expect(await about()).toMatchObject({ totp: false, recovery_codes: 0 })
    expect((await auth.signIn(ann)).status).toBe(200)
  })
})

describe('a magic link', () => {
  const mails = (auth: { data: string }) => {
    try {
      return readdirSync(join(auth.data, 'mail')).filter((name) => name.endsWith('.eml'))
    } catch {
      return []
    }
  }
  const withEmail = async () => {
    const data = join(folder, `mail-${folders++}`)
    const auth = { ...(await withAdmin({ data })), data }
    await auth.asOperator('PUT', `/auth/users/${bob.address}`, { roles: ['dev'] })
    const set = await auth.asOperator('PUT', `/auth/users/${bob.address}/email`, { email: 'Ops@Example.org' })
    expect(set).toMatchObject({ status: 200, body: { email: 'ops@example.org', roles: ['dev'] } })
    return auth
  }
  const received = async (auth: { data: string }, count: number) => {
    while (mails(auth).length < count) await Bun.sleep(10)
    const text = mails(auth).map((name) => readFileSync(join(auth.data, 'mail', name), 'utf8'))
    return text.map((one) => one.replaceAll('=\r\n', '').match(/--magic ([A-Za-z0-9_-]{43})/)?.[1] ?? '')
  }

  test('signs the account of an address in, and a known and an unknown address are answered alike', async () => {
    const auth = await withEmail()
    const replies = []
    for (const email of ['ops@example.org', 'nobody@example.org'])
      replies.push(await auth.ask('POST', '/auth/magic', { body: { email } }))
    expect(replies).toEqual([
      { status: 202, body: { done: true } },
      { status: 202, body: { done: true } },
    ])
    const [token] = await received(auth, 1)
    const verify = () => auth.ask('POST', '/auth/magic/verify', { body: { token, device: 'laptop' } })
    expect(await verify()).toMatchObject({ status: 200, body: { address: bob.address, roles: ['dev'] } })
    expect(await verify()).toMatchObject({ status: 401, body: { code: 'magic-link' } })
    expect(mails(auth)).toHaveLength(1)
  })

  test('is void once the address was taken away, or the account closed', async () => {
    const auth = await withEmail()
    await auth.ask('POST', '/auth/magic', { body: { email: 'ops@example.org' } })
    const [token] = await received(auth, 1)
    expect(
      (await auth.asOperator('PUT', `/auth/users/${bob.address}/email`, { email: null })).body['email'],
    ).toBeUndefined()
    expect((await auth.ask('POST', '/auth/magic/verify', { body: { token } })).status).toBe(401)
    await auth.asOperator('PUT', `/auth/users/${bob.address}/email`, { email: 'ops@example.org' })
    await auth.ask('POST', '/auth/magic', { body: { email: 'ops@example.org' } })
    const next = (await received(auth, 2)).find((one) => one !== token)
    await auth.asOperator('PUT', `/auth/users/${bob.address}`, { roles: ['dev'], status: 'closed' })
    const closed = await auth.ask('POST', '/auth/magic/verify', { body: { token: next } })
    expect(closed).toMatchObject({ status: 403, body: { code: 'account-closed' } })
    await auth.ask('POST', '/auth/magic', { body: { email: 'ops@example.org' } })
    await auth.asOperator('PUT', `/auth/users/${ann.address}/email`, { email: 'ann@example.org' })
    await auth.ask('POST', '/auth/magic', { body: { email: 'ann@example.org' } })
    const recipients = () =>
      mails(auth).map((name) => /^To: (.*)\r$/m.exec(readFileSync(join(auth.data, 'mail', name), 'utf8'))?.[1])
    while (!recipients().includes('ann@example.org')) await Bun.sleep(10)
    // One after the other: had the closed account got another, it would lie there.
    expect(recipients().toSorted()).toEqual(['ann@example.org', 'ops@example.org', 'ops@example.org'])
  })

  test('goes to an address of one account alone, and to none that could end a line of a header', async () => {
    const auth = await withEmail()
    const put = (who: string, email: unknown) => auth.asOperator('PUT', `/auth/users/${who}/email`, { email })
    expect(await put(ann.address, 'OPS@example.org')).toMatchObject({ status: 409, body: { code: 'email-taken' } })
    expect(await put(someone(9).address, 'x@example.org')).toMatchObject({
      status: 404,
      body: { code: 'no-such-user' },
    })
    const line = fc.constantFrom('\r\n', '\n', '\r', ' ', ',', ';', '<', '>', '"', '\u0000', '@@', 'é')
    await fc.assert(
      fc.asyncProperty(
        fc.string({ maxLength: 20 }),
        line,
        fc.string({ maxLength: 20 }),
        async (before, middle, after) => {
          expect((await put(ann.address, `${before}${middle}${after}@example.org`)).status).toBe(400)
        },
      ),
      { numRuns: 300 },
    )
  })
})

test('whoever lost all of it comes in by his key again, once an admin or the operator took it away', async () => {
  const auth = await withAdmin()
  await auth.ask('POST', '/auth/hardware-keys', { token: auth.token, body: await enrolBody(auth) })
  const { secret } = (await auth.ask('POST', '/auth/totp', { token: auth.token })).body as Record<string, string>
  const totp = TOTP.generate({ secret: Secret.fromBase32(secret ?? ''), timestamp: auth.clock.now })
  await auth.ask('POST', '/auth/totp/confirm', { token: auth.token, body: { totp } })
  expect((await auth.signIn(ann)).body).toMatchObject({ code: 'totp-required' })
  const path = `/auth/users/${ann.address}/factors`
  expect((await auth.onBehalfOf(ann.address, 'DELETE', path)).status).toBe(403)
  expect((await auth.asOperator('DELETE', path)).status).toBe(200)
  expect((await auth.signIn(ann)).status).toBe(200)
  const about = await auth.ask('GET', '/auth/factors', { token: auth.token })
  expect(about.body).toEqual({ totp: false, recovery_codes: 0, passkeys: [], hardware_keys: [] })
})

describe('a hardware key', () => {
  const enrolled = async () => {
    const auth = await withAdmin()
    const made = await auth.ask('POST', '/auth/hardware-keys', { token: auth.token, body: await enrolBody(auth) })
    expect(made).toMatchObject({ status: 200, body: { address: device.address, name: 'Ledger' } })
    const act = (method: string, path: string, extra: object = {}) => auth.onBehalfOf(ann.address, method, path, extra)
    return { ...auth, act }
  }
  const rotate = ['POST', '/auth/keys/rotate'] as const

  test('is demanded for dangerous actions of whoever has one, fresh, and for that very action', async () => {
    const auth = await enrolled()
    expect(await auth.act(...rotate)).toMatchObject({
      status: 403,
      body: { code: 'hardware-signature-required', purpose: rotate.join(' '), hardware_keys: [device.address] },
    })
    const proof = await proofOf(auth, rotate.join(' '))
    expect((await auth.act(...rotate, { proof })).status).toBe(200)
    expect(await auth.act(...rotate, { proof })).toMatchObject({ status: 401, body: { code: 'nonce-used' } })
    const body = { roles: ['admin'] }
    const path = `/auth/users/${bob.address}`
    const other = await proofOf(auth, 'PUT /auth/users/TXYZ')
    const refused = { status: 403, body: { code: 'hardware-signature-refused' } }
    expect(await auth.act('PUT', path, { body, proof: other })).toMatchObject(refused)
    expect(await auth.act('PUT', path, { body, proof: await proofOf(auth, `PUT ${path}`, spare) })).toMatchObject(
      refused,
    )
    expect((await auth.act('PUT', path, { body, proof: await proofOf(auth, `PUT ${path}`) })).status).toBe(200)
    expect((await auth.act('PUT', `${path}/email`, { body: { email: 'a@example.org' } })).status).toBe(403)
    const stale = await proofOf(auth, rotate.join(' '))
    auth.clock.now += 600_001
    expect(await auth.act(...rotate, { proof: stale })).toMatchObject(refused)
  })

  test('is checked for another service too, by the purpose that it names', async () => {
    const auth = await enrolled()
    const purpose = 'POST /api/v1/sessions/7/erase'
    const check = (proof?: string) =>
      auth.act('POST', '/auth/hardware-check', { body: { purpose, ...(proof && { proof }) } })
    expect(await check()).toMatchObject({ status: 403, body: { code: 'hardware-signature-required' } })
    expect((await check(await proofOf(auth, purpose))).status).toBe(200)
  })

  test('stands in the audit log with its address, and no signature does', async () => {
    const auth = await enrolled()
    const { body } = await auth.asOperator('GET', '/audit?limit=10')
    const entry = { action: 'POST /auth/hardware-keys', actor: ann.address, params: { hardware_key: device.address } }
    expect((body['entries'] as readonly unknown[]).at(-1)).toMatchObject(entry)
    expect(JSON.stringify(body)).not.toMatch(/[0-9a-f]{130}/)
  })

  test('is joined by a second one, and removed, only by a signature of one of them', async () => {
    const auth = await enrolled()
    const add = async (proof?: string) =>
      auth.ask('POST', '/auth/hardware-keys', {
        token: auth.token,
        body: await enrolBody(auth, spare),
        ...(proof && { proof }),
      })
    expect(await add()).toMatchObject({ status: 403, body: { code: 'hardware-signature-required' } })
    expect((await add(await proofOf(auth, 'POST /auth/hardware-keys'))).status).toBe(200)
    const path = `/auth/hardware-keys/${device.address}`
    const remove = (proof?: string) => auth.ask('DELETE', path, { token: auth.token, ...(proof && { proof }) })
    expect((await remove()).status).toBe(403)
    expect((await remove(await proofOf(auth, `DELETE ${path}`, spare))).status).toBe(200)
  })

  test('is enrolled by nobody who does not hold it', async () => {
    const auth = await withAdmin()
    const body = { ...(await enrolBody(auth)), signature: (await enrolBody(auth, spare)).signature }
    const reply = await auth.ask('POST', '/auth/hardware-keys', { token: auth.token, body })
    expect(reply).toMatchObject({ status: 401, body: { code: 'bad-signature' } })
  })

  test('is demanded of everybody where the host says so, but of its operator', async () => {
    const auth = await withAdmin({ demand: 'always' })
    expect((await auth.onBehalfOf(ann.address, ...rotate)).status).toBe(403)
    expect((await auth.asOperator(...rotate)).status).toBe(200)
  })

  test('has a header that may be anything: never a fault of ours, never a way in', async () => {
    const auth = await enrolled()
    const right = await proofOf(auth, rotate.join(' '))
    const proofs = fc.oneof(
      fc.string({ unit: 'grapheme-ascii', maxLength: 300 }),
      fc
        .tuple(fc.nat(right.length - 1), fc.constantFrom(...'0a.Z-'))
        .map(([at, other]) => right.slice(0, at) + other + right.slice(at + 1)),
      fc.nat(right.length - 1).map((end) => right.slice(0, end)),
    )
    await fc.assert(
      fc.asyncProperty(proofs, async (proof) => {
        fc.pre(proof.trim() !== right)
        expect((await auth.act(...rotate, { proof })).status).toBe(403)
      }),
      { numRuns: 500 },
    )
    expect((await auth.act(...rotate, { proof: right })).status).toBe(200)
  })
})

describe('bodies', () => {
  const text = fc.string({ maxLength: 60 })
  const odd = fc.oneof(text, fc.jsonValue(), fc.constant(undefined))
  const credential = fc.record({
    id: fc.oneof(fc.base64String({ maxLength: 40 }), text),
    rawId: text,
    type: fc.constantFrom('public-key', 'password'),
    response: fc.record({
      clientDataJSON: fc.base64String(),
      authenticatorData: fc.base64String(),
      signature: fc.base64String(),
    }),
    extra: odd,
  })

  test('that are anything get a refusal with a code, and no fault of ours', async () => {
    const auth = await withAdmin()
    const bodies = fc.oneof(
      fc.jsonValue(),
      fc.record({ totp: odd }),
      fc.record({ email: odd }),
      fc.record({ token: odd, totp: odd }),
      fc.record({ credential, name: odd }, { requiredKeys: ['credential'] }),
    )
    const routes = ['/auth/totp/confirm', '/auth/totp/remove', '/auth/passkeys', '/auth/hardware-keys']
    const open = OPEN_FACTORS.map((route) => route.split(' ')[1] ?? '').filter(
      (path) => path !== '/auth/passkey/options',
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...routes, ...open), bodies, async (path, body) => {
        const reply = await auth.ask('POST', path, { token: auth.token, body })
        if (reply.status !== 202) expect([400, 401, 404]).toContain(reply.status)
      }),
      { numRuns: 1500 },
    )
  })

  test('of a credential in the right form and with wrong content are refused', async () => {
    const auth = await withAdmin()
    const base64 = fc
      .uint8Array({ minLength: 1, maxLength: 200 })
      .map((bytes) => Buffer.from(bytes).toString('base64url'))
    const data = fc.oneof(
      base64,
      fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)).toString('base64url')),
    )
    await fc.assert(
      fc.asyncProperty(base64, data, base64, base64, async (id, clientDataJSON, bytes, signature) => {
        const head = { id, rawId: id, type: 'public-key' }
        const assertion = { ...head, response: { clientDataJSON, authenticatorData: bytes, signature } }
        const attestation = { ...head, response: { clientDataJSON, attestationObject: bytes } }
        for (const [path, body] of [
          ['/auth/passkey/verify', { credential: assertion }],
          ['/auth/passkeys', { name: 'x', credential: attestation }],
        ] as const) {
          const reply = await auth.ask('POST', path, { token: auth.token, body })
          expect(reply).toMatchObject({ status: 401, body: { code: 'passkey-refused' } })
        }
      }),
      { numRuns: 500 },
    )
  })
})
