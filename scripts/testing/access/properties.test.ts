import { beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import fc from 'fast-check'
import { deriveOwner } from '#common/evidence/tron-message'
import { ok } from '#common/http/client'
import { signer } from '#common/http/identity'
import type { Role } from '#common/people/permissions'
import { isFull } from '#common/testing/extent'
import { bringUp, type Prepared } from '../../platform/platform.ts'
import { readSecret } from '../../platform/secrets.ts'
import { operatorClients } from '../../platform/session-client.ts'
import { openSuite } from '../durability/suite.ts'
import { type Operation, readOperations } from './operations.fixture.ts'
import { admitPerson, postJson, type TestPerson } from './people.fixture.ts'
import { type Drawn, drawRequest, type Pool } from './requests.fixture.ts'

// Nothing here is timed: only a hang fails.
const HANG = 1_800_000
setDefaultTimeout(HANG)

/**
 * Requests drawn out of the OpenAPI documents of the running platform, from right to hostile, by people of every role:
 * no answer is a failure of ours, each is as its document describes it, and nobody gets what is not for him.
 */
const RUNS = isFull ? 200 : 10
/** Those that people, or the outside, reach. */
const SERVICES = ['authentication', 'api-server', 'blockchain-api', 'session-orchestrator', 'session-recorder'] as const

const SPEC_SECTION_7: Readonly<Record<string, readonly string[]>> = {
  session_create: ['user', 'dev', 'admin'],
  session_join: ['user', 'dev', 'admin'],
  session_observe: ['user', 'observer', 'dev', 'admin'],
  session_terminate: ['dev', 'admin'],
  policy_manage: ['dev', 'admin'],
  audit_view: ['user', 'observer', 'dev', 'admin'],
  data_export: ['dev', 'admin'],
  admin_access: ['admin'],
  'signed-in': ['user', 'observer', 'dev', 'admin'],
}
const who = ['nobody', 'operator', 'user', 'observer', 'dev', 'admin'] as const
type Who = (typeof who)[number]

const suite = openSuite('properties', { hangMs: HANG })
let platform: Prepared
let people: Readonly<Record<string, TestPerson>>
let pool: Pool
const operations: Operation[] = []

const urlOf = (service: string) => platform.urls[service] ?? ''
const freshAddress = () => deriveOwner(crypto.getRandomValues(new Uint8Array(32)))

const createSession = async (person: TestPerson, body: object = {}) => {
  const headers = { authorization: `Bearer ${await person.token()}` }
  const reply = await postJson(`${urlOf('api-server')}/api/v1/sessions`, body, headers)
  const { id } = (await reply.json()) as { readonly id: string }
  return id
}

beforeAll(async () => {
  platform = await bringUp({
    home: join(suite.root, 'home'),
    ports: 'free',
    env: { 'session-orchestrator': { MAX_ACTIVE_SESSIONS: '1000' } },
    ambient: process.env,
  })
  suite.onClose(platform.stop)
  const admit = (role: 'user' | 'observer' | 'dev' | 'admin') => admitPerson(platform, role)
  const [user, observer, dev, admin] = [
    await admit('user'),
    await admit('observer'),
    await admit('dev'),
    await admit('admin'),
  ]
  people = { user, observer, dev, admin }
  const id = await createSession(user)
  const known = { id: [id, id, crypto.randomUUID()], index: ['0', '1'] }
  pool = { ...known, session: known.id, address: [freshAddress(), freshAddress()], ref: ['latest', '0'] }
  for (const service of SERVICES) operations.push(...(await readOperations(service, urlOf(service))))
}, HANG)

const authorize = async (as: Who, service: string): Promise<Record<string, string>> => {
  if (as === 'nobody') return {}
  const person = people[as]
  const token =
    person === undefined
      ? await signer({ name: 'operator', key: readSecret(platform.home, 'operator', 'IDENTITY_KEY') })(service)
      : await person.token()
  return { authorization: `Bearer ${token}` }
}

/** An answer; of a stream of events only its beginning. */
const send = async (
  base: string,
  { method }: Operation,
  { path, headers, body }: Drawn,
  own: Record<string, string>,
) => {
  const ended = new AbortController()
  const reply = await fetch(`${base}${path}`, {
    method,
    headers: { ...headers, ...own },
    signal: ended.signal,
    redirect: 'manual',
    ...(body !== undefined && { body }),
  })
  const type = reply.headers.get('content-type') ?? ''
  const text = /event-stream/.test(type) ? '' : await reply.text()
  ended.abort()
  return { status: reply.status, type, text }
}

const isForRole = ({ callers, people: needed, isOpen }: Operation, as: Who): boolean => {
  if (isOpen) return true
  if (as === 'operator') return callers.includes('operator')
  return as !== 'nobody' && needed !== undefined && (SPEC_SECTION_7[needed] ?? []).includes(as)
}

/** Whose session it is: that of `user`, and an admin sees it. */
const isAnothers = ({ service, path }: Operation, as: Who) =>
  service === 'api-server' && /^\/api\/v1\/(?:sessions|anchors)\/\{id\}/.test(path) && !['user', 'admin'].includes(as)

/** Refused before anybody is asked who he is: the request is no request. */
const MALFORMED = [400, 413, 431]

/** What is wrong with an answer. */
const findFault = (operation: Operation, as: Who, { status, type, text }: Awaited<ReturnType<typeof send>>) => {
  if (status >= 500 && status !== 503) return `${status}: ${text}`
  if (!isForRole(operation, as) && ![401, 403, 404, ...MALFORMED].includes(status))
    return `let in with ${status}: ${text}`
  if (isAnothers(operation, as) && status < 400) return `shown to a stranger with ${status}: ${text.slice(0, 200)}`
  if (status === 401 && isForRole(operation, as) && text.includes('bad-access-token')) return `not let in: ${text}`
  return operation.judge(status, type, text)
}

const counted = { requests: 0, answers: new Map<number, number>() }

const tryOperation = async (operation: Operation, base: string) => {
  const property = fc.asyncProperty(drawRequest(operation, pool), fc.constantFrom(...who), async (drawn, as) => {
    const ask = async () => send(base, operation, drawn, await authorize(as, operation.service))
    const person = people[as]
    // Signed out by what was asked before, or by this very request.
    if (person !== undefined && operation.path.startsWith('/auth/')) await person.signIn()
    const reply = await ask()
    counted.requests++
    counted.answers.set(reply.status, (counted.answers.get(reply.status) ?? 0) + 1)
    const fault = findFault(operation, as, reply)
    if (fault !== undefined) throw new Error(`${operation.service} ${operation.name} as ${as}: ${fault}`)
  })
  await fc.assert(property, { numRuns: RUNS, endOnFailure: true })
}

const STEPS = ['sign in', 'refresh', 'sign out', 'make a user', 'make an observer', 'close'] as const

/** A person’s life in steps; after each, what his tokens are worth is what the steps say. */
const live = async (steps: readonly (typeof STEPS)[number][]) => {
  const person = await admitPerson(platform, 'user')
  const { authentication } = operatorClients(platform.home)
  const change = (roles: readonly Role[], status: 'active' | 'closed' = 'active') =>
    ok(
      authentication()
        .auth.users({ address: person.address })
        .put({ roles: [...roles], status }),
    )
  let [roles, isClosed]: [readonly string[], boolean] = [['user'], false]
  let tokens: Awaited<ReturnType<TestPerson['signIn']>> | undefined
  /** Whether the access token, and whether the refresh token, is good. */
  let [access, refresh] = [false, false]
  const auth = urlOf('authentication')
  const me = async () => {
    const headers = { authorization: `Bearer ${tokens?.access_token ?? 'x'}` }
    const reply = await fetch(`${auth}/auth/me`, { headers })
    const { roles: held } = (await reply.json()) as { readonly roles?: readonly string[] }
    return { status: reply.status, roles: held }
  }
  const act: Readonly<Record<(typeof STEPS)[number], () => Promise<unknown>>> = {
    'sign in': async () => {
      const made = await person.signIn().catch(() => undefined)
      expect(made === undefined).toBe(isClosed)
      if (made !== undefined) [tokens, access, refresh] = [made, true, true]
    },
    refresh: async () => {
      if (tokens === undefined) return
      const reply = await postJson(`${auth}/auth/refresh`, { refresh_token: tokens.refresh_token })
      expect(reply.status).toBe(refresh ? 200 : 401)
      if (refresh) [tokens, access] = [(await reply.json()) as typeof tokens, true]
    },
    'sign out': async () => {
      const headers = { authorization: `Bearer ${tokens?.access_token ?? 'x'}` }
      expect((await postJson(`${auth}/auth/logout`, {}, headers)).status).toBe(access ? 200 : 401)
      if (access) [access, refresh] = [false, false]
    },
    'make a user': async () => {
      await change(['user'])
      ;[roles, isClosed, access] = [['user'], false, false]
    },
    'make an observer': async () => {
      await change(['observer'])
      ;[roles, isClosed, access] = [['observer'], false, false]
    },
    close: async () => {
      await change([], 'closed')
      ;[isClosed, access, refresh] = [true, false, false]
    },
  }
  for (const step of steps) {
    await act[step]()
    // Two things of one millisecond have no order.
    await Bun.sleep(2)
    const found = await me()
    expect({ step, found }).toEqual({
      step,
      found: access ? { status: 200, roles } : { status: 401, roles: undefined },
    })
  }
  return { access, token: tokens?.access_token }
}

test('what somebody holds is worth what became of his sign-in, his roles and his account', async () => {
  const steps = fc.array(fc.constantFrom(...STEPS), { minLength: 2, maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(steps, async (taken) => {
      const { access, token } = await live(['sign in', ...taken])
      // api-server hears of it within a second or two.
      const asked = async () =>
        (await fetch(`${urlOf('api-server')}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } })).status
      while ((await asked()) !== (access ? 200 : 401)) await Bun.sleep(50)
    }),
    { numRuns: isFull ? 100 : 10, endOnFailure: true },
  )
})

describe('every operation', () => {
  for (const service of SERVICES)
    test(`of ${service} answers as it is described, whatever it is asked by whom`, async () => {
      const own = operations.filter((one) => one.service === service)
      expect(own.length).toBeGreaterThan(3)
      const faults: string[] = []
      for (const operation of own)
        await tryOperation(operation, urlOf(service)).catch((error: Error) => faults.push(error.message))
      expect(faults).toEqual([])
    })

  test('left the platform as it was: keys and revocations are answered, people sign in, every service is well', async () => {
    expect((await fetch(`${urlOf('authentication')}/auth/jwks.json`)).status).toBe(200)
    for (const person of Object.values(people)) await person.signIn()
    for (const service of SERVICES)
      expect([service, (await fetch(`${urlOf(service)}/health`)).status]).toEqual([service, 200])
  })

  test('was asked as often as was said', () => {
    expect(counted.requests).toBe(operations.length * RUNS)
    console.log(
      `${operations.length} operations, ${counted.requests} requests:`,
      Object.fromEntries([...counted.answers].toSorted()),
    )
  })
})
