import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import fc from 'fast-check'
import { type CallerName, catalog, type Entry } from '#catalog'
import { deriveOwner } from '#common/evidence/tron-message'
import { ok } from '#common/http/client'
import { signer } from '#common/http/identity'
import type { Role } from '#common/people/permissions'
import { buildPolicy } from '#common/policy/build'
import { policyMessage } from '#common/policy/signature'
import { isFull } from '#common/testing/extent'
import { bringUp, type Prepared } from '../../platform/platform.ts'
import { readSecret } from '../../platform/secrets.ts'
import { operatorClients } from '../../platform/session-client.ts'
import { openSuite } from '../durability/suite.ts'
import { type Operation, readOperations } from './operations.fixture.ts'
import { admitPerson, postJson, type TestPerson } from './people.fixture.ts'
import { type Drawn, drawRequest, type Pool } from './requests.fixture.ts'

// Nothing here is timed: only a hang fails.
const HANG = 3_600_000
setDefaultTimeout(HANG)

/**
 * Requests drawn out of the OpenAPI documents of the running platform, from right to hostile, by people of every role:
 * no answer is a failure of ours, each is as its document describes it, and nobody gets what is not for him.
 */
const RUNS = isFull ? 200 : 8
/** More that may not be let in, by everybody. */
const STRANGERS = RUNS / 4
/** Behind its limits a gateway answers no more than so many that are nobody's, in a minute, in all. */
const ANONYMOUS = 2
/** People of each role: behind the gateway each has 1,000 requests a minute. */
const CROWD = isFull ? 8 : 1
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
/** `service`: the first of those that the route is for, or one that it is not for. */
const who = ['nobody', 'operator', 'service', 'user', 'observer', 'dev', 'admin'] as const
type Who = (typeof who)[number]

const suite = openSuite('properties', { hangMs: HANG })
let platform: Prepared
let people: Readonly<Record<string, readonly TestPerson[]>>
let pool: Pool
let gateway: string | undefined
const operations: Operation[] = []

const urlOf = (service: string) => platform.urls[service] ?? ''
const freshAddress = () => deriveOwner(crypto.getRandomValues(new Uint8Array(32)))

/** What the API answers a person. */
const api = async (person: TestPerson, method: string, path: string, init: RequestInit = {}) => {
  const headers = { ...init.headers, authorization: `Bearer ${await person.token()}` }
  const reply = await fetch(`${urlOf('api-server')}/api/v1${path}`, { ...init, method, headers })
  const body = (await reply.json()) as Readonly<Record<string, unknown>> & {
    readonly id: string
    readonly state: string
  }
  return { status: reply.status, body }
}
const json = (body: object): RequestInit => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const untilAnchored = async (person: TestPerson, id: string) => {
  while ((await api(person, 'GET', `/sessions/${id}`)).body.state !== 'anchored') await Bun.sleep(50)
}

/** Somebody of this role, each in turn. */
let turn = 0
const someone = (role: string): TestPerson => {
  const crowd = people[role] ?? []
  const person = crowd[turn++ % crowd.length]
  if (person === undefined) throw new Error(`there is nobody who is ${role}`)
  return person
}
/** Whose sessions the requests are about. */
const owner = () => people['user']?.[0] ?? someone('user')

/** Sessions that exist: one that goes on, fresh for each operation, and one with all its evidence. */
let anchored = ''
const fillPool = async () => {
  const { id } = (await api(owner(), 'POST', '/sessions', json({}))).body
  const known = [id, id, anchored, crypto.randomUUID()]
  pool = { ...pool, id: known, session: known }
}

beforeAll(async () => {
  platform = await bringUp({
    home: join(suite.root, 'home'),
    ports: 'free',
    env: { 'session-orchestrator': { MAX_ACTIVE_SESSIONS: '100000' } },
    ambient: process.env,
  })
  suite.onClose(platform.stop)
  gateway = platform.urls['api-gateway']
  if (gateway === undefined) console.log('NOT RUN through NGINX: this machine has none')
  const admit = async (role: 'user' | 'observer' | 'dev' | 'admin') => {
    const crowd: TestPerson[] = []
    while (crowd.length < CROWD) crowd.push(await admitPerson(platform, role))
    return crowd
  }
  people = {
    user: await admit('user'),
    observer: await admit('observer'),
    dev: await admit('dev'),
    admin: await admit('admin'),
  }
  anchored = (await api(owner(), 'POST', '/sessions', json({}))).body.id
  await api(owner(), 'PATCH', `/sessions/${anchored}/stream?offset=0&end=true`, { body: 'x'.repeat(1_000) })
  await untilAnchored(owner(), anchored)
  pool = { index: ['0', '1'], address: [freshAddress(), freshAddress()], ref: ['latest', '0'] }
  for (const service of SERVICES) operations.push(...(await readOperations(service, urlOf(service))))
}, HANG)

/** A service's own word, half of the time on behalf of who owns the sessions. */
const serviceToken = (name: CallerName, callee: string) =>
  signer({ name, key: readSecret(platform.home, name, 'IDENTITY_KEY') })(
    callee,
    turn++ % 2 === 0 ? undefined : owner().address,
  )

const authorize = async (as: Who, { service, callers }: Operation, person: TestPerson | undefined) => {
  if (as === 'nobody') return {}
  const name = as === 'service' ? (callers.find((one) => one !== 'operator') ?? 'openapi-gateway') : 'operator'
  const token = person === undefined ? await serviceToken(name as CallerName, service) : await person.token()
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
  const after = Number(reply.headers.get('retry-after') ?? 0)
  const text = /event-stream/.test(type) ? '' : await reply.text()
  ended.abort()
  return { status: reply.status, type, text, after }
}
type Reply = Awaited<ReturnType<typeof send>>

const isForRole = ({ callers, people: needed, isOpen }: Operation, as: Who): boolean => {
  if (isOpen) return true
  if (as === 'operator') return callers.includes('operator')
  if (as === 'service') return callers.some((one) => one !== 'operator')
  return as !== 'nobody' && needed !== undefined && (SPEC_SECTION_7[needed] ?? []).includes(as)
}

/** Whose session it is: one person's, who is a user; an admin sees it. */
const isAnothers = ({ service, path }: Operation, as: Who, person: TestPerson | undefined) =>
  service === 'api-server' &&
  /^\/api\/v1\/(?:sessions|anchors)\/\{id\}/.test(path) &&
  as !== 'admin' &&
  person?.address !== owner().address

/** Refused before anybody is asked who he is: the request is no request. */
const MALFORMED = [400, 413, 431]

/** What is wrong with an answer. */
const findFault = (
  operation: Operation,
  { as, person, isBehind }: { readonly as: Who; readonly person: TestPerson | undefined; readonly isBehind: boolean },
  { status, type, text }: Reply,
) => {
  if (status >= 500 && status !== 503) return `${status}: ${text}`
  if (!isForRole(operation, as) && ![401, 403, 404, ...MALFORMED].includes(status))
    return `let in with ${status}: ${text}`
  if (isAnothers(operation, as, person) && status < 400)
    return `shown to a stranger with ${status}: ${text.slice(0, 200)}`
  if (status === 401 && isForRole(operation, as) && text.includes('bad-access-token')) return `not let in: ${text}`
  // NGINX refuses by itself what is no request, and says so as a problem document of its own.
  const ofGateway = isBehind && status >= 400 && type.startsWith('application/problem+json')
  return ofGateway && JSON.parse(text).status === status ? undefined : operation.judge(status, type, text)
}

/** Codes of the guard, and of what is refused before it: who asked so proved nothing. */
const BEFORE_IT =
  /"code":"(?:bad-service-token|bad-access-token|caller-not-listed|caller-not-allowed|not-permitted|bad-address|repeated-parameter|length-required|body-too-large)"/
const isPast = ({ status, text }: Reply) =>
  ![413, 414, 431].includes(status) && !(status >= 400 && (text === '' || BEFORE_IT.test(text)))

/** By status class; `past` = let in by who judges tokens. */
const counted = { requests: 0, past: 0, behind: 0, classes: new Map<string, number>() }

/** Asks; with a fresh token once more where the last one was ended by what was asked before; again when it may be. */
const askAs = async (
  operation: Operation,
  drawn: Drawn,
  { as, person, base }: { readonly as: Who; readonly person: TestPerson | undefined; readonly base: string },
): Promise<Reply> => {
  const ask = async () => send(base, operation, drawn, await authorize(as, operation, person))
  let reply = await ask()
  if (reply.status === 401 && person !== undefined && reply.text.includes('bad-access-token')) {
    await person.signIn()
    reply = await ask()
  }
  while (reply.status === 429 && reply.text.includes('"rate-limited"')) {
    await Bun.sleep(Math.max(1, reply.after) * 1_000)
    reply = await ask()
  }
  return reply
}

/** Answers how many got past who judges tokens. */
const tryAs = async (
  operation: Operation,
  base: string,
  { whom, runs }: { readonly whom: readonly Who[]; readonly runs: number },
): Promise<number> => {
  const isBehind = base === gateway
  const prefix = isBehind ? ((catalog as Readonly<Record<string, Entry>>)[operation.service]?.public?.prefix ?? '') : ''
  let past = 0
  const property = fc.asyncProperty(drawRequest(operation, pool), fc.constantFrom(...whom), async (drawn, as) => {
    const isOwn = as === 'user' && turn++ % 2 === 0
    const person = people[as] && (isOwn ? owner() : someone(as))
    const reply = await askAs(operation, { ...drawn, path: `${prefix}${drawn.path}` }, { as, person, base })
    counted.requests++
    if (isBehind) counted.behind++
    const name = `${Math.floor(reply.status / 100)}xx${isPast(reply) ? '' : ' at the door'}`
    counted.classes.set(name, (counted.classes.get(name) ?? 0) + 1)
    if (isPast(reply)) past++
    const fault = findFault(operation, { as, person, isBehind }, reply)
    if (fault !== undefined) throw new Error(`${operation.service} ${operation.name} as ${as} at ${base}: ${fault}`)
  })
  await fc.assert(property, { numRuns: runs, endOnFailure: true })
  return past
}

/** At least RUNS requests by those for whom it is, and some by everybody. */
const tryOperation = async (operation: Operation, base: string) => {
  await fillPool()
  const isBehind = base === gateway
  const whom = who.filter(
    (as) => isForRole(operation, as) && !(isBehind && ['nobody', 'operator', 'service'].includes(as)),
  )
  const isFew = isBehind && operation.isOpen
  let past = 0
  for (let round = 0; past < RUNS && round < (isFew ? 1 : 8); round++)
    past += await tryAs(operation, base, { whom, runs: isFew ? ANONYMOUS : RUNS - past + 5 })
  counted.past += past
  if (!isFew && past < RUNS) throw new Error(`${operation.service} ${operation.name}: ${past} of ${RUNS} were let in`)
  await tryAs(operation, base, {
    whom: isBehind ? ['operator', 'user', 'observer'] : who,
    runs: isFew ? ANONYMOUS : STRANGERS,
  })
}

/** True for what NGINX passes on to people. */
const isPublic = ({ service, method, path, people: needed, isOpen }: Operation): boolean => {
  const {
    open = [],
    guarded = [],
    streams = [],
    events = [],
  } = (catalog as Readonly<Record<string, Entry>>)[service]?.public ?? {}
  const route = `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`
  return (
    (isOpen || needed !== undefined) &&
    [...open, ...guarded, ...streams, ...events].some(
      (one) => one === route || (one.endsWith('*') && route.startsWith(one.slice(0, -1))),
    )
  )
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
  return { access, token: tokens?.access_token, roles }
}

test('what somebody holds is worth what became of his sign-in, his roles and his account', async () => {
  const steps = fc.array(fc.constantFrom(...STEPS), { minLength: 2, maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(steps, async (taken) => {
      const { access, token, roles } = await live(['sign in', ...taken])
      // api-server hears of it within a second or two.
      const asked = async () =>
        (await fetch(`${urlOf('api-server')}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } })).status
      while ((await asked()) !== (access ? 200 : 401)) await Bun.sleep(50)
      const headers = { authorization: `Bearer ${token}` }
      const { status } = await postJson(`${urlOf('api-server')}/api/v1/sessions`, {}, headers)
      expect({ taken, status }).toEqual({ taken, status: access ? (roles.includes('user') ? 201 : 403) : 401 })
    }),
    { numRuns: isFull ? 100 : 10, endOnFailure: true },
  )
})

const DEEDS = [
  ...(['send', 'act', 'ask', 'approve', 'pause', 'resume', 'sign out', 'sign in', 'end', 'erase', 'restore'] as const),
]
const paste = { channel: 'clipboard', direction: 'to_session', bytes: 10 } as const
const why = { reason: 'a test' }

/** A session under a policy, with who takes part in it. */
const openSession = async () => {
  const [boss, guest, approver, stranger] = [
    await admitPerson(platform, 'user'),
    await admitPerson(platform, 'user'),
    await admitPerson(platform, 'user'),
    someone('dev'),
  ]
  const fixed = { owner: boss.address, nonce: crypto.getRandomValues(new Uint8Array(32)).toHex(), now: Date.now() }
  const snapshot = buildPolicy(
    { ...fixed, validFor: 3_600_000 },
    {
      participants: [guest.address],
      approvers: [approver.address],
      channels: { clipboard: { to_session: 'on_request', max_bytes: 1_000 } },
    },
  )
  const policy = { snapshot, signature: boss.sign(policyMessage(snapshot)) }
  const { status, body } = await api(boss, 'POST', '/sessions', json({ policy }))
  expect(status).toBe(201)
  expect((await api(guest, 'POST', `/sessions/${body.id}/join`, json({ as: 'participant' }))).status).toBe(200)
  return { id: body.id, boss, guest, approver, stranger }
}

/** A session’s life in deeds; each is answered as what was done before says. Answers the deeds that were done. */
const liveSession = async (deeds: readonly (typeof DEEDS)[number][]) => {
  const { id, boss, guest, approver, stranger } = await openSession()
  const at = `/sessions/${id}`
  const is = { sent: 0, over: false, suspended: false, granted: false, signedIn: true, erasing: false, waiting: 0 }
  let request: string | undefined
  const post = async (person: TestPerson, path: string, body: object = {}) =>
    api(person, 'POST', `${at}/${path}`, json(body))
  const expects = (status: number) => (is.over ? 409 : status)
  const asGuest = (status: number) => (is.signedIn ? status : 401)
  const steer = async (how: 'pause' | 'resume') => {
    expect((await post(boss, how, why)).status).toBe(expects(200))
    if (!is.over) is.suspended = how === 'pause'
  }
  const act: Readonly<Record<(typeof DEEDS)[number], () => Promise<unknown>>> = {
    send: async () => {
      const path = `${at}/stream?offset=${is.sent}&end=false`
      expect((await api(boss, 'PATCH', path, { body: 'x'.repeat(100) })).status).toBe(expects(200))
      if (!is.over) is.sent += 100
    },
    act: async () => {
      const { status, body } = await post(guest, 'actions', paste)
      expect(status).toBe(asGuest(expects(200)))
      const isAllowed = is.sent > 0 && !is.suspended && is.granted
      if (status === 200) expect(body['outcome']).toBe(isAllowed ? 'allowed' : 'blocked')
    },
    ask: async () => {
      const { status, body } = await post(guest, 'requests', { ...paste, ...why })
      const answer = is.sent === 0 || is.suspended ? 403 : is.granted ? 409 : is.waiting >= 10 ? 429 : 200
      expect(status).toBe(asGuest(expects(answer)))
      if (status === 200) [request, is.waiting] = [body.id, is.waiting + 1]
    },
    approve: async () => {
      if (request === undefined) return
      const path = `requests/${request}/decision`
      expect((await post(guest, path, { approve: true })).status).toBe(asGuest(expects(403)))
      expect((await post(stranger, path, { approve: true })).status).toBe(404)
      expect((await post(approver, path, { approve: true })).status).toBe(expects(200))
      if (!is.over) [is.granted, request, is.waiting] = [true, undefined, is.waiting - 1]
    },
    pause: () => steer('pause'),
    resume: () => steer('resume'),
    'sign out': async () => {
      const headers = { authorization: `Bearer ${await guest.token()}` }
      const { status } = await postJson(`${urlOf('authentication')}/auth/logout`, {}, headers)
      expect(status).toBe(is.signedIn ? 200 : 401)
      is.signedIn = false
      while ((await api(guest, 'GET', '/me')).status !== 401) await Bun.sleep(50)
    },
    'sign in': async () => {
      await guest.signIn()
      is.signedIn = true
    },
    end: async () => {
      if (is.sent === 0) return
      expect((await post(boss, 'end')).status).toBe(expects(200))
      if (!is.over) await untilAnchored(boss, id)
      is.over = true
    },
    erase: async () => {
      expect((await api(boss, 'DELETE', at)).status).toBe(is.over ? 202 : 409)
      is.erasing ||= is.over
    },
    restore: async () => {
      expect((await post(boss, 'restore')).status).toBe(is.erasing ? 200 : 409)
      is.erasing = false
    },
  }
  for (const deed of deeds) {
    await act[deed]()
    const { body } = await api(boss, 'GET', at)
    expect({ deed, over: body.state === 'anchored', erasing: body['erasure'] !== undefined }).toEqual({
      deed,
      over: is.over,
      erasing: is.erasing,
    })
    expect([deed, (await api(guest, 'GET', at)).status]).toEqual([deed, asGuest(200)])
    expect([deed, (await api(stranger, 'GET', at)).status]).toEqual([deed, 404])
  }
}

test('a session is used, ended and erased by whom it is for, as long as it goes on and they are signed in', async () => {
  // First what people do in this order; then any.
  await liveSession(['act', 'send', 'act', 'ask', 'approve', 'act', 'sign out', 'act', 'sign in', 'act', 'end', 'act'])
  await liveSession(['send', 'ask', 'erase', 'end', 'approve', 'erase', 'restore', 'erase', 'send', 'end'])
  const deeds = fc.array(fc.constantFrom(...DEEDS), { minLength: 4, maxLength: 14 })
  await fc.assert(fc.asyncProperty(deeds, liveSession), { numRuns: isFull ? 60 : 5, endOnFailure: true })
})

describe('every operation', () => {
  const tryAll = async (service: string, baseOf: (operation: Operation) => string | undefined) => {
    const own = operations.filter((one) => one.service === service)
    expect(own.length).toBeGreaterThan(3)
    const faults: string[] = []
    for (const operation of own) {
      const base = baseOf(operation)
      if (base === undefined) continue
      await tryOperation(operation, base).catch((error: Error) => faults.push(String(error.cause ?? error)))
    }
    expect(faults).toEqual([])
  }
  for (const service of SERVICES) {
    test(`of ${service} answers as it is described, whatever it is asked by whom`, () =>
      tryAll(service, () => urlOf(service)))
    test(`of ${service} answers so through NGINX, where it is public`, () =>
      tryAll(service, (operation) => (isPublic(operation) ? gateway : undefined)))
  }

  test('left the platform as it was: keys and revocations are answered, people sign in, every service is well', async () => {
    expect((await fetch(`${urlOf('authentication')}/auth/jwks.json`)).status).toBe(200)
    for (const person of Object.values(people).flat()) await person.signIn()
    for (const service of SERVICES)
      expect([service, (await fetch(`${urlOf(service)}/health`)).status]).toEqual([service, 200])
  })

  test('was asked as often as was said', () => {
    expect(counted.past).toBeGreaterThanOrEqual(operations.length * RUNS)
  })

  afterAll(() => {
    const { requests, past, behind, classes } = counted
    const how = `${requests} requests, ${behind} of them through NGINX; ${past} got past who judges tokens:`
    console.log(`${operations.length} operations, ${how}`, Object.fromEntries([...classes].toSorted()))
  })
})
