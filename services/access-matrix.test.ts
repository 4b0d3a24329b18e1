import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AnyElysia } from 'elysia'
import { exportJWK, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose'
import { type CallerName, catalog, clients, type ServiceName } from '#catalog'
import { deriveOwner } from '#common/evidence/tron-message'
import { callersOf, verifier } from '#common/http/identity'
import { peopleGuard } from '#common/http/people-guard'
import { type Jwks, signIns } from '#common/people/sign-ins'
import { Fault } from '#common/process/fault'
import { silentLog } from '#common/process/log'
import { derived } from '#common/testing/sample-session'
import { type Access, loadRoutes, readAccess } from '#scripts/derive/service-routes'

// Nothing here is timed: only a hang fails.
setDefaultTimeout(120_000)

/**
 * Every route of every service, asked with every kind of token. What a route is for is taken from the route itself;
 * `services/access.md`, which is committed, shows when that changes. What a role may do is written out here a second time.
 */
const SPEC_SECTION_7 = {
  user: 'session_create session_join session_observe audit_view',
  node_worker: 'session_create session_join session_observe audit_view session_terminate data_export',
  observer: 'session_observe audit_view',
  dev: 'session_create session_join session_observe audit_view session_terminate data_export policy_manage',
  admin:
    'session_create session_join session_observe session_terminate policy_manage audit_view data_export admin_access',
  server:
    'session_create session_join session_observe session_terminate policy_manage audit_view data_export admin_access',
} as const
type RoleName = keyof typeof SPEC_SECTION_7
const roleNames = Object.keys(SPEC_SECTION_7) as RoleName[]

const isPermitted = (roles: readonly RoleName[], people: string): boolean =>
  people === 'signed-in' || roles.some((role) => SPEC_SECTION_7[role].split(' ').includes(people))

const services = Object.keys(catalog) as ServiceName[]
const identities = [...services, ...Object.keys(clients)] as CallerName[]

const newKey = () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { privateKey, publicKey, hex: publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex') }
}
const keys = new Map(identities.map((name) => [name, newKey()]))
const keyOf = (name: CallerName) => keys.get(name) ?? newKey()
const peers = Object.fromEntries(identities.map((name) => [name, keyOf(name).hex]))
const [peopleKey, strangeKey] = [newKey(), newKey()]

const now = Math.floor(Date.now() / 1000)
/** It stands still: a token of a minute is not to end because the machine is slow. */
const clocks = { now: () => now * 1000, steady: () => 0 }
const person = deriveOwner(derived(1, 'person of the matrix'))
const revokedPerson = deriveOwner(derived(2, 'person of the matrix'))
const SESSION = 'a1b2c3d4-e5f6-4789-8abc-def012345678'
const REVOKED_SESSION = 'b1b2c3d4-e5f6-4789-8abc-def012345678'
const before = (now + 1) * 1000

const jwk = { ...(await exportJWK(peopleKey.publicKey)), alg: 'EdDSA', use: 'sig', kid: 'k1' } as Jwks['keys'][number]
const { identify } = signIns({
  fetchState: async () => ({
    keys: { keys: [jwk] },
    revoked: [
      { session: REVOKED_SESSION, before },
      { address: revokedPerson, before },
    ],
  }),
  clocks,
})

type Change = {
  readonly header?: Partial<JWTHeaderParameters>
  readonly claims?: Readonly<Record<string, unknown>>
  readonly key?: KeyObject | Uint8Array
}

const sign = (header: JWTHeaderParameters, claims: object, key: KeyObject | Uint8Array) =>
  new SignJWT(claims as JWTPayload).setProtectedHeader(header).sign(key)

const serviceToken = (caller: CallerName, callee: string, { header, claims, key }: Change = {}) =>
  sign(
    { alg: 'EdDSA', typ: 'JWT', ...header },
    { iss: caller, aud: callee, iat: now, exp: now + 60, ...claims },
    key ?? keyOf(caller).privateKey,
  )

/** Of access tokens. */
const ISSUER = 'authentication'

const personToken = (roles: readonly string[], { header, claims, key }: Change = {}) =>
  sign(
    { alg: 'EdDSA', typ: 'at+jwt', kid: 'k1', ...header },
    { ...{ iss: ISSUER, aud: 'lucid', sub: person, sid: SESSION, roles }, ...{ iat: now, exp: now + 900 }, ...claims },
    key ?? peopleKey.privateKey,
  )

/** A token that says it needs no signature (RFC 7519 section 6). */
const unsigned = (token: string) => {
  const [header = '', claims] = token.split('.')
  const changed = { ...JSON.parse(Buffer.from(header, 'base64url').toString()), alg: 'none' }
  return `${Buffer.from(JSON.stringify(changed)).toString('base64url')}.${claims}.`
}

/** The claims of an admin under the signature of somebody else. */
const grafted = async (own: string, other: Promise<string>) =>
  [own.split('.')[0], (await other).split('.')[1], own.split('.')[2]].join('.')

type Case = { readonly what: string; readonly authorization?: string; readonly expected: string }
const bearer = (what: string, token: string, expected: string): Case => ({
  what,
  authorization: `Bearer ${token}`,
  expected,
})

const strangers: readonly Case[] = [
  { what: 'no token' },
  { what: 'an empty token', authorization: 'Bearer ' },
  { what: 'a word', authorization: 'Bearer operator' },
  { what: 'three words', authorization: 'Bearer a.b.c' },
  { what: 'a password', authorization: `Basic ${btoa('operator:operator')}` },
].map((one) => ({ ...one, expected: '401' }))

/** Tokens that would be right for this caller, but for one thing. */
const spoiltService = async (caller: CallerName, callee: ServiceName): Promise<readonly Case[]> => {
  const other = callee === 'merkle-builder' ? 'session-encryptor' : 'merkle-builder'
  const right = await serviceToken(caller, callee)
  const spoilt: readonly (readonly [string, Change])[] = [
    ['expired', { claims: { iat: now - 120, exp: now - 60 } }],
    ['of yesterday, for a week', { claims: { iat: now - 86_400, exp: now + 604_800 } }],
    ['of tomorrow', { claims: { iat: now + 86_400, exp: now + 86_460 } }],
    ['without an end', { claims: { exp: undefined } }],
    ['without a beginning', { claims: { iat: undefined } }],
    ['forged', { key: strangeKey.privateKey }],
    ['signed with the public key', { header: { alg: 'HS256' }, key: Buffer.from(keyOf(caller).hex, 'hex') }],
    ['for another callee', { claims: { aud: other } }],
    ['for nobody', { claims: { aud: undefined } }],
    ['that calls itself an access token', { header: { typ: 'at+jwt' } }],
    ['on behalf of no address', { claims: { sub: 'admin' } }],
  ]
  const signed = spoilt.map(async ([what, change]) =>
    bearer(`a token of ${caller} ${what}`, await serviceToken(caller, callee, change), '401'),
  )
  return [
    ...(await Promise.all(signed)),
    bearer(`a token of ${caller} without a signature`, unsigned(right), '401'),
    bearer(`a token of ${caller} cut short`, right.slice(0, -2), '401'),
    bearer(
      `a token of ${caller} with other claims`,
      await grafted(right, serviceToken(caller, callee, { claims: { sub: person } })),
      '401',
    ),
  ]
}

/** What access tokens of everybody get on a route; `stranger`, by their issuer, where the service judges none. */
const peopleCases = async (
  people: string | undefined,
  stranger?: (issuer: string) => string,
): Promise<readonly Case[]> => {
  const judged = (roles: readonly RoleName[]) =>
    people !== undefined && isPermitted(roles, people) ? 'in' : (stranger?.(ISSUER) ?? '403')
  const bad = ({ claims }: Change = {}) => stranger?.(String(claims?.['iss'] ?? ISSUER)) ?? '401'
  const roles: readonly (readonly RoleName[])[] = [[], ...roleNames.map((role) => [role])]
  const whole = roles.map(async (some) =>
    bearer(`a person who is ${some.join() || 'nothing'}`, await personToken(some), judged(some)),
  )
  const spoilt: readonly (readonly [string, Change])[] = [
    ['expired', { claims: { iat: now - 1000, exp: now - 100 } }],
    ['older than tokens live', { claims: { iat: now - 1000, exp: now + 1000 } }],
    ['of tomorrow', { claims: { iat: now + 86_400, exp: now + 87_000 } }],
    ['without an end', { claims: { exp: undefined } }],
    ['forged', { key: strangeKey.privateKey }],
    ['signed by a service', { key: keyOf('authentication').privateKey }],
    ['signed with the public key', { header: { alg: 'HS256' }, key: Buffer.from(peopleKey.hex, 'hex') }],
    ['of a key that is gone', { header: { kid: 'k0' } }],
    ['of another issuer', { claims: { iss: 'operator' } }],
    ['for another audience', { claims: { aud: 'merkle-builder' } }],
    ['of no address', { claims: { sub: 'admin' } }],
    ['of no sign-in', { claims: { sid: undefined } }],
    ['of a role that is none', { claims: { roles: ['admin', 'root'] } }],
    ['of a sign-in that was ended', { claims: { sid: REVOKED_SESSION } }],
    ['of a person whose roles changed', { claims: { sub: revokedPerson } }],
  ]
  const changed = spoilt.map(async ([what, change]) =>
    bearer(`an admin’s token ${what}`, await personToken(['admin'], change), bad(change)),
  )
  const user = await personToken(['user'])
  return [
    ...(await Promise.all([...whole, ...changed])),
    bearer('an admin’s token without a signature', unsigned(await personToken(['admin'])), bad()),
    bearer('a user’s signature under the claims of an admin', await grafted(user, personToken(['admin'])), bad()),
  ]
}

const casesOf = async (name: ServiceName, { callers, people }: Access, forPeople: boolean) => {
  const right = callers as readonly CallerName[]
  // To who judges none, a token of a person is that of a service of its issuer's name, and not of its kind.
  const listed: readonly string[] = callersOf(name)
  const stranger = (issuer: string) => (listed.includes(issuer) ? '401' : '403')
  const others = identities.filter((identity) => !callers.includes(identity))
  const sub = { claims: { sub: person } }
  const of = (many: readonly CallerName[], expected: string) =>
    many.flatMap((caller) => [
      serviceToken(caller, name).then((token) => bearer(caller, token, expected)),
      serviceToken(caller, name, sub).then((token) => bearer(`${caller} on behalf of a person`, token, expected)),
    ])
  const spoilt = await Promise.all(right.map((caller) => spoiltService(caller, name)))
  return [
    ...strangers,
    ...(await Promise.all([...of(right, 'in'), ...of(others, '403')])),
    ...spoilt.flat(),
    ...(await peopleCases(people, forPeople ? undefined : stranger)),
  ]
}

const guardCodes = ['bad-service-token', 'bad-access-token', 'caller-not-listed', 'caller-not-allowed', 'not-permitted']

/** `in` when the guard let the request on, whatever became of it then; else the status of the refusal. */
const outcome = async (reply: Response): Promise<string> => {
  if (reply.headers.get('content-type') === 'application/problem+json')
    return guardCodes.includes(((await reply.json()) as { readonly code: string }).code) ? String(reply.status) : 'in'
  await reply.body?.cancel()
  return 'in'
}

const askWith = async (
  app: AnyElysia,
  { route, authorization }: { route: string; authorization?: string | undefined },
) => {
  const [method = '', path = ''] = route.split(' ')
  const headers = { 'content-length': '0', ...(authorization !== undefined && { authorization }) }
  const url = `http://localhost${path.replaceAll(/:\w+/g, 'x')}`
  return outcome(await app.handle(new Request(url, { method, headers })))
}

const onUse = () => {
  throw new Fault('conflict', 'reached', 'the route was reached')
}

/** A service behind the guard that its main.ts puts before it. */
const load = async (name: ServiceName) => {
  const source = readFileSync(join(import.meta.dir, name, 'main.ts'), 'utf8')
  const forPeople = source.includes('guard: peopleGuard(')
  const own = verifier({ callee: name, callers: callersOf(name), peers, clocks })
  const app = await loadRoutes(name, { guard: forPeople ? peopleGuard(own, { identify }) : own, log: silentLog }, onUse)
  return { name, app, forPeople, access: readAccess(app) }
}

const loaded = await Promise.all(services.map(load))
let asked = 0

describe.each(loaded.map((one) => [one.name, one] as const))('%s', (name, { app, access, forPeople }) => {
  const guarded = access.filter(({ open }) => !open)

  test('judges tokens of people exactly where it has a route for people', () => {
    expect(forPeople).toBe(guarded.some(({ people }) => people !== undefined))
  })

  test.each(guarded.map((one) => [one.route, one] as const))(
    '%s answers each token as the table says',
    async (route, one) => {
      const cases = await casesOf(name, one, forPeople)
      const wrong: string[] = []
      for (const { what, authorization, expected } of cases) {
        const found = await askWith(app, { route, authorization })
        asked++
        if (found !== expected) wrong.push(`${what}: ${found} instead of ${expected}`)
      }
      expect(wrong).toEqual([])
    },
  )

  test('is open where the table says, to anybody', async () => {
    for (const { route, open } of access)
      if (open) expect({ route, found: await askWith(app, { route }) }).toEqual({ route, found: 'in' })
  })
})

test('the matrix is whole', () => {
  expect(asked).toBeGreaterThan(2500)
})
