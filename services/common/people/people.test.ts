import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { isFault } from '../process/fault.ts'
import { faultOf } from '../testing/faults.ts'
import { ACCESS_LIFETIME_S, isAccessToken, type Person, signAccessToken } from './access-token.ts'
import { mayDo, permissions, type Role, roles } from './permissions.ts'
import { type Revocation, type SignInState, signIns } from './sign-ins.ts'

const codeOf = async (work: Promise<unknown>) => {
  const fault = await faultOf(() => work)
  return isFault(fault) ? fault.code : fault
}

const AT = 1_760_000_000_000
const SESSION = 'a1b2c3d4-e5f6-4789-8abc-def012345678'
const person: Person = { address: 'TLUCiD1111111111111111111111111111', roles: ['user'], session: SESSION, at: AT }

const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
const jwk = { ...(await exportJWK(publicKey)), alg: 'EdDSA', use: 'sig', kid: 'k1' }
const stateOf = (revoked: readonly Revocation[] = []) =>
  ({ keys: { keys: [jwk] }, revoked: [...revoked] }) as SignInState
const sign = (change: Partial<Person> = {}) =>
  signAccessToken({ ...person, ...change }, { key: privateKey, kid: 'k1', id: 'j1' })

const judge = ({ at = AT, state = stateOf() }: { readonly at?: number; readonly state?: SignInState } = {}) =>
  signIns({ fetchState: async () => state, clocks: { now: () => at, steady: () => at } })

describe('roles', () => {
  test('have the permissions of SPEC section 7', () => {
    expect(roles.user).toEqual(['session_create', 'session_join', 'session_observe', 'audit_view'])
    expect(new Set(roles.node_worker)).toEqual(new Set([...roles.user, 'session_terminate', 'data_export']))
    expect(roles.observer).toEqual(['session_observe', 'audit_view'])
    expect(new Set(roles.dev)).toEqual(new Set([...roles.node_worker, 'policy_manage']))
    expect(roles.admin).toEqual(permissions)
    expect(roles.server).toEqual(permissions)
  })

  test('that are not in the table permit nothing', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(...permissions), (role, permission) => {
        if (!Object.hasOwn(roles, role)) expect(mayDo([role], permission)).toBe(false)
      }),
    )
    for (const role of Object.keys(roles) as Role[])
      for (const permission of permissions)
        expect(mayDo([role], permission)).toBe((roles[role] as readonly string[]).includes(permission))
  })
})

describe('an access token', () => {
  test('names the person who signed in', async () => {
    expect(await judge().identify(await sign())).toEqual(person)
  })

  test('ends after fifteen minutes', async () => {
    const token = await sign()
    expect(await judge({ at: AT + ACCESS_LIFETIME_S * 1000 }).identify(token)).toEqual(person)
    expect(await codeOf(judge({ at: AT + (ACCESS_LIFETIME_S + 7) * 1000 }).identify(token))).toBe('bad-access-token')
  })

  test('is void once its sign-in or its address was revoked, and a later one is not', async () => {
    for (const of of [{ session: SESSION }, { address: person.address }]) {
      const { identify } = judge({ at: AT + 10, state: stateOf([{ ...of, before: AT }]) })
      expect(await codeOf(identify(await sign()))).toBe('bad-access-token')
      expect((await identify(await sign({ at: AT + 1 }))).at).toBe(AT + 1)
    }
  })

  test('that was accepted before is void at once with its sign-in, its key or its time, and only as it was signed', async () => {
    let [at, state] = [AT, stateOf()]
    const { identify, refresh } = signIns({
      fetchState: async () => state,
      clocks: { now: () => at, steady: () => at },
    })
    const token = await sign()
    const other = await sign({ roles: ['admin'] })
    const grafted = [...token.split('.').slice(0, 1), other.split('.')[1], token.split('.')[2]].join('.')
    for (let time = 0; time < 3; time++) expect(await identify(token)).toEqual(person)
    expect(await codeOf(identify(grafted))).toBe('bad-access-token')
    for (const gone of [stateOf([{ session: SESSION, before: AT }]), { ...stateOf(), keys: { keys: [] } }]) {
      state = gone
      await refresh()
      expect(await codeOf(identify(token))).toBe('bad-access-token')
      state = stateOf()
      await refresh()
      expect(await identify(token)).toEqual(person)
    }
    at += (ACCESS_LIFETIME_S + 7) * 1000
    await refresh()
    expect(await codeOf(identify(token))).toBe('bad-access-token')
  })

  test.each([
    ['of another type', { typ: 'JWT' }, {}],
    ['for another audience', {}, { aud: 'session-orchestrator' }],
    ['of another issuer', {}, { iss: 'api-server' }],
    ['with a role that is none', {}, { roles: ['root'] }],
    ['of nobody', {}, { sub: 'nobody' }],
    ['without a sign-in', {}, { sid: undefined }],
  ] as const)('%s is refused', async (_, header, claims) => {
    const token = await new SignJWT({
      sid: SESSION,
      roles: ['user'],
      sub: person.address,
      aud: 'lucid',
      iss: 'authentication',
      iat: AT / 1000,
      exp: AT / 1000 + 900,
      ...claims,
    })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: 'k1', ...header })
      .sign(privateKey)
    expect(await codeOf(judge().identify(token))).toBe('bad-access-token')
  })

  test('of any other text is refused', async () => {
    const { identify } = judge()
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        expect(await codeOf(identify(text))).toBe('bad-access-token')
        expect(isAccessToken(text)).toBe(false)
      }),
    )
  })

  test('is judged by nothing older than five minutes', async () => {
    let at = AT
    let away = false
    const fetchState = async () => (away ? Promise.reject(new Error('away')) : stateOf())
    const { identify } = signIns({ fetchState, clocks: { now: () => AT, steady: () => at } })
    const token = await sign()
    expect(await identify(token)).toEqual(person)
    away = true
    at += 299_000
    expect(await identify(token)).toEqual(person)
    at += 2_000
    expect(await codeOf(identify(token))).toBe('sign-ins-unknown')
  })
})
