import { auditLog } from '#common/audit/log'
import { deriveOwner, signTronMessage } from '#common/evidence/tron-message'
import { derivePublicKey, signer, verifier } from '#common/http/identity'
import { peopleGuard } from '#common/http/people-guard'
import { signIns as signInState } from '#common/people/sign-ins'
import { Secret } from '#common/process/env'
import { silentLog } from '#common/process/log'
import { sqliteStore } from '#common/store/sqlite'
import type { Store } from '#common/store/store'
import { tokenBuckets } from '#common/stream/token-bucket'
import { derived } from '#common/testing/sample-session'
import { accounts } from './accounts.ts'
import { factors } from './factors.ts'
import { deriveKeys } from './keys.ts'
import type { Challenge, Tokens } from './model.ts'
import { REVOCATION_WINDOW, routes } from './routes.ts'
import { signIns } from './sign-ins.ts'
import { signatureCheck } from './signature-check.ts'
import { signingKeys } from './signing-keys.ts'

export const CLUSTER = 'lucid-cluster-001'
export const NOW = 1_760_000_000_000

const operatorKey = new Secret(derived(1, 'operator').toHex())

/** A person with a key of his own. */
export const someone = (number: number) => {
  const key = derived(number, 'person')
  return { key, address: deriveOwner(key), sign: (message: string) => signTronMessage(message, key) }
}
export type Someone = ReturnType<typeof someone>

export type AuthenticationOptions = {
  readonly store?: Store
  readonly signUp?: 'invited' | 'open'
  readonly clock?: { now: number }
  readonly secret?: Uint8Array
  /** Folder of spooled mail. */
  readonly data?: string
  readonly demand?: 'enrolled' | 'always'
}

/** authentication as its main.ts builds it, on a clock of the test's. */
export const authentication = (options: AuthenticationOptions = {}) => {
  const { store = sqliteStore({ path: ':memory:' }), signUp = 'invited', clock = { now: NOW } } = options
  const now = () => clock.now
  const keys = deriveKeys(options.secret ?? derived(1, 'auth key'))
  const random = (size: number) => crypto.getRandomValues(new Uint8Array(size))
  const newId = () => crypto.randomUUID()
  const failures = tokenBuckets({ size: 5, perMinute: 1 / 3 }, now)
  const check = signatureCheck({ key: keys.challenge, cluster: CLUSTER, now, random, failures })
  const all = accounts({ store, signUp, now, random, refuse: check.refuse })
  const ways = factors({
    env: {
      ...{ CLUSTER_ID: CLUSTER, LUCID_DATA: options.data ?? '/nowhere', PUBLIC_URL: 'http://localhost:8080' },
      ...{ HARDWARE_SIGNATURES: options.demand ?? 'enrolled', MAIL_FROM: 'lucid@localhost' },
    },
    ...{ store, keys, check, random, now, newId, log: silentLog },
  })
  const { secondFactor } = ways
  const own = signIns({ store, accounts: all, check, secondFactor, refreshKey: keys.refresh, now, newId })
  const tokenKeys = signingKeys({ store, wrap: keys.wrap, random, now })
  const state = signInState({
    fetchState: async () => ({ keys: await tokenKeys.jwks(), revoked: await own.revoked(REVOCATION_WINDOW) }),
    clocks: { now, steady: now },
  })
  const identify = async (token: string) => {
    await state.refresh()
    return state.identify(token)
  }
  const peers = { operator: derivePublicKey(operatorKey) }
  const clocks = { now, steady: now }
  const seed = derived(1, 'audit')
  const audit = auditLog({ store, service: 'authentication', seed, now, log: silentLog })
  const services = verifier({ callee: 'authentication', callers: ['operator'], peers, clocks })
  const app = routes({
    ...{
      check,
      accounts: all,
      signIns: own,
      factors: ways,
      signingKeys: tokenKeys,
      refreshKey: keys.refresh,
      now,
      newId,
    },
    parts: { guard: peopleGuard(services, { identify }), log: silentLog, audit },
  })

  const ask = async (
    method: string,
    path: string,
    { body, token, proof, ifMatch }: { body?: unknown; token?: string; proof?: string; ifMatch?: string } = {},
  ) => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const headers: Record<string, string> = {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(proof !== undefined && { 'x-hardware-key-signature': proof }),
      ...(ifMatch !== undefined && { 'if-match': ifMatch }),
      ...(text !== undefined && { 'content-type': 'application/json', 'content-length': `${Buffer.byteLength(text)}` }),
    }
    const reply = await app.handle(
      new Request(`http://localhost${path}`, { method, headers, ...(text !== undefined && { body: text }) }),
    )
    return { status: reply.status, body: (await reply.json()) as Record<string, unknown> }
  }
  const asOperator = async (method: string, path: string, body?: unknown) =>
    ask(method, path, { body, token: await signer({ name: 'operator', key: operatorKey, clocks })('authentication') })
  /** As a service that acts for a person. */
  const onBehalfOf = async (actor: string, method: string, path: string, extra: Parameters<typeof ask>[2] = {}) =>
    ask(method, path, {
      ...extra,
      token: await signer({ name: 'operator', key: operatorKey, clocks })('authentication', actor),
    })
  const challenge = async (who: Someone, purpose?: string) =>
    (
      await ask('POST', '/auth/challenge', {
        body: { address: who.address, ...(purpose !== undefined && { purpose }) },
      })
    ).body as unknown as Challenge
  const signIn = async (who: Someone, extra: object = {}) => {
    const { nonce, message } = await challenge(who)
    const body = { address: who.address, nonce, signature: who.sign(message), ...extra }
    const reply = await ask('POST', '/auth/verify', { body })
    return { ...reply, sent: body, tokens: reply.body as unknown as Tokens }
  }
  const adminCode = async (recover = false) =>
    (await asOperator('POST', '/auth/admin-code', { recover })).body['code'] as string
  return {
    app,
    store,
    clock,
    ask,
    asOperator,
    onBehalfOf,
    challenge,
    signIn,
    adminCode,
    signingKeys: tokenKeys,
    signIns: own,
  }
}
