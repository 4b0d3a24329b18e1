import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { auditAgreement } from '#common/evidence/audit-agreement'
import { type AuditEvent, eventFault, LONGEST_BODY } from '#common/evidence/audit-event'
import { canonicalBytes } from '#common/evidence/canonical-json'
import { FLAG_LAST } from '#common/evidence/chunk-file'
import { parseManifest } from '#common/evidence/manifest'
import { ownerAddress } from '#common/evidence/owner'
import { checkPolicy } from '#common/evidence/policy-proof'
import type { Session } from '#common/http/session-view'
import type { PolicyWishes } from '#common/policy/build'
import { approver, guest, owner, samplePolicy, signPolicy, stranger, viewer } from '#common/policy/fixture'
import { REQUEST_MS } from '#common/policy/request'
import { Fault } from '#common/process/fault'
import { sqliteStore } from '#common/store/sqlite'
import type { Store } from '#common/store/store'
import { utf8 } from '#common/stream/bytes'
import { ask, guardAs } from '#common/testing/app'
import { identities } from '#common/testing/identities'
import { noise } from '#common/testing/sample-session'
import { encryptInto, ownFolder } from '#services/session-encryptor/fixture'
import { backends, NOW, type OrchestratorOptions, orchestratorFor, scriptedChain, sessionRequest } from './fixture.ts'
import { policiesContract } from './policies-contract.fixture.ts'
import { tables } from './store.ts'
import { resumeWork } from './sweep.ts'

const { root, remove } = ownFolder()
const who = identities()
let behind: Awaited<ReturnType<typeof backends>>
beforeAll(async () => {
  behind = await backends(root, who)
})
afterAll(async () => {
  await behind.stop()
  remove()
})

const WISHES = {
  channels: { input: { to_session: 'allowed' }, clipboard: { to_session: 'on_request', max_bytes: 1000 } },
} as const satisfies PolicyWishes
const paste = { channel: 'clipboard', direction: 'to_session', bytes: 10 } as const
const type = { channel: 'input', direction: 'to_session', bytes: 0 } as const
const copy = { ...paste, direction: 'from_session' } as const
const why = { reason: 'because of a test' }

const opened = (options: Partial<OrchestratorOptions> = {}) => {
  let now = NOW
  const one = orchestratorFor({ urls: behind.urls, who, chain: scriptedChain(), now: () => now, ...options })
  const as = (actor: string | undefined) =>
    one.appFor(async () => ({ caller: 'api-server', ...(actor !== undefined && { actor }) }))
  return {
    ...one,
    /** What a person asks of it through api-server; '' = a call on behalf of nobody. */
    by: async (actor: string, path: string, body?: unknown) =>
      ask(as(actor === '' ? undefined : actor), body === undefined ? 'GET' : 'POST', `/sessions/${path}`, body),
    recorder: (path: string, body: unknown) =>
      ask(one.appFor(guardAs('session-recorder')), 'POST', `/sessions${path}`, body),
    passes: (ms: number) => {
      now += ms
    },
  }
}
type Opened = ReturnType<typeof opened>

const create = async (one: Opened, wishes: PolicyWishes = WISHES) => {
  const policy = signPolicy(samplePolicy(wishes))
  const { body } = await one.recorder('', { ...sessionRequest, owner, policy })
  return body as Session & { readonly id: string }
}
/** A session that is being recorded, in which the owner and the guest were let in. */
const begun = async (one: Opened, wishes: PolicyWishes = WISHES) => {
  const { id } = await create(one, wishes)
  await one.recorder(`/${id}/state`, { state: 'active' })
  await one.by(guest, `${id}/people`, { as: 'participant' })
  return id
}
const eventsOf = async (one: Pick<Opened, 'store'>, id: string) =>
  (await tables(one.store).audit.find({ where: { session: id }, sort: [['seq', 'asc']] })) as unknown as AuditEvent[]
const typesOf = async (one: Pick<Opened, 'store'>, id: string) => (await eventsOf(one, id)).map((event) => event.type)
const refused = (status: number, code: string) => ({ status, body: { code } })

describe('a session with a policy', () => {
  test('names whom the policy names, and lets in the owner first', async () => {
    const one = opened()
    const session = await create(one)
    expect(session).toMatchObject({
      owner,
      participants: [owner],
      observers: [],
      policy: {
        hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        participants: [guest],
        observers: [viewer],
        approvers: [owner, approver],
      },
    })
    const { body } = await one.by(owner, `${session.id}/policy`)
    expect(body).toMatchObject({ ...signPolicy(samplePolicy(WISHES)), hash: session.policy?.hash })
    expect((body as { says: string[] }).says[1]).toBe(
      'Clipboard: on request into the session, denied out of it; at most 1000 B an item',
    )
    expect(await typesOf(one, session.id)).toEqual(['created', 'policy-set', 'participant-admitted'])
  })

  test('is refused unless its owner signed the policy, and calls for himself', async () => {
    const one = opened()
    const policy = signPolicy(samplePolicy())
    const asked = { ...sessionRequest, owner, policy }
    for (const [body, status, code] of [
      [{ ...asked, owner: stranger }, 403, 'policy-owner'],
      [{ ...asked, policy: signPolicy(policy.snapshot, new Uint8Array(32).fill(7)) }, 403, 'policy-not-signed'],
      [{ ...asked, participants: [guest] }, 400, 'policy-people'],
      [{ ...asked, policy: { ...policy, extra: 1 } }, 400, 'bad-request'],
    ] as const)
      expect(await one.recorder('', body)).toMatchObject(refused(status, code))
    const app = one.appFor(async () => ({ caller: 'session-recorder', actor: guest }))
    expect(await ask(app, 'POST', '/sessions', asked)).toMatchObject(refused(403, 'owner-differs'))
    one.passes(3600 * 1000)
    expect(await one.recorder('', asked)).toMatchObject(refused(403, 'policy-not-in-force'))
    expect(await one.sessions.list({ limit: 10 })).toEqual([])
  })

  test('lets nobody act for whom no call is made', async () => {
    const one = opened()
    const id = await begun(one)
    for (const [path, body] of [
      ['people', { as: 'participant' }],
      ['actions', type],
      ['requests', { ...paste, ...why }],
      [`requests/${id}/decision`, { approve: true }],
    ] as const)
      expect(await one.by('', `${id}/${path}`, body)).toMatchObject(refused(403, 'nobody-acts'))
  })

  test('states in its manifest the policy and exactly those who were let in', async () => {
    const one = opened()
    const id = await begun(one)
    await one.by(viewer, `${id}/people`, { as: 'observer' })
    for (const [person, part] of [
      [stranger, 'participant'],
      [guest, 'observer'],
      [approver, 'participant'],
    ] as const)
      expect(await one.by(person, `${id}/people`, { as: part })).toMatchObject(refused(403, 'not-invited'))
    await one.by(guest, `${id}/people`, { as: 'participant' })
    await one.by(guest, `${id}/actions`, copy)
    const { epoch } = await behind.encryptor.sessions.openWriter(id)
    const chunker = behind.encryptor.appFor(guardAs('session-chunker'))
    await encryptInto(chunker, { session: id, index: 0, epoch, flags: FLAG_LAST }, noise(1024, 1))
    await one.recorder(`/${id}/finalize`, { complete: true })
    while ((await one.sessions.get(id)).state !== 'anchored') await Bun.sleep(1)
    const { policy } = await one.sessions.get(id)
    const stored = await tables(one.store).manifests.get(id)
    const manifest = parseManifest(utf8(stored?.manifest ?? ''))
    expect(manifest).toMatchObject({ policy_hash: policy?.hash, participants: [owner, guest], observers: [viewer] })
    const events = await eventsOf(one, id)
    for (const [at, event] of events.entries()) expect(eventFault(id, events[at - 1], strip(event))).toBeUndefined()
    expect(events.find((event) => event.type === 'sealed')?.hash).toBe(manifest.audit_root)
    const { take, faults } = auditAgreement(manifest)
    for (const event of events.slice(0, events.findIndex(({ type: kind }) => kind === 'sealed') + 1)) take(event)
    expect(faults()).toEqual([])
    expect(checkPolicy(manifest, events.find((event) => event.type === 'policy-set')?.body)).toEqual([
      { check: 'policy', ok: true, detail: 'signed by the owner; it names all who were let in (3)' },
    ])
    expect(events.find((event) => event.type === 'action-decided')?.body).toEqual({
      person: guest,
      ...copy,
      outcome: 'blocked',
      rule: 'denied',
    })
    expect(await one.by(guest, `${id}/actions`, type)).toMatchObject(refused(409, 'session-over'))
  })

  const strip = ({ seq, at, type: kind, body, salt, digest, prev, hash }: AuditEvent) =>
    ({ seq, at, type: kind, body, salt, digest, prev, hash }) as AuditEvent

  test('has room in one audit event for the longest policy there is', () => {
    const crowd = (count: number, from: number) =>
      Array.from({ length: count }, (_, at) => ownerAddress(new Uint8Array(20).fill(from + at)))
    const snapshot = samplePolicy({
      ...WISHES,
      participants: crowd(30, 0),
      observers: crowd(30, 100),
      approvers: crowd(10, 200),
    })
    const body = { hash: '0'.repeat(64), ...signPolicy(snapshot) }
    expect(canonicalBytes(body).length).toBeLessThan(LONGEST_BODY)
  })
})

test('what was refused is asked for, approved by another, and allowed for five minutes', async () => {
  const one = opened()
  const id = await begun(one)
  const decided = async (body: object) => (await one.by(guest, `${id}/actions`, body)).body
  expect(await decided(paste)).toMatchObject({ outcome: 'blocked', rule: 'not-granted' })
  const { body } = await one.by(guest, `${id}/requests`, { ...paste, ...why })
  const request = body as { id: string }
  expect(body).toEqual({
    ...paste,
    ...why,
    id: request.id,
    person: guest,
    state: 'pending',
    asked_at: NOW,
    expires_at: NOW + REQUEST_MS,
  })
  const answer = (person: string, rid = request.id) =>
    one.by(person, `${id}/requests/${rid}/decision`, { approve: true })
  expect(await answer(guest)).toMatchObject(refused(403, 'not-an-approver'))
  expect(await answer(approver, crypto.randomUUID())).toMatchObject(refused(404, 'no-such-request'))
  expect(await decided(paste)).toMatchObject({ outcome: 'blocked', rule: 'not-granted' })
  expect(await answer(approver)).toMatchObject({ status: 200, body: { state: 'approved', decided_by: approver } })
  expect(await answer(owner)).toMatchObject(refused(409, 'request-decided'))
  expect(await decided(paste)).toMatchObject({ outcome: 'allowed', rule: 'granted' })
  expect(await decided({ ...paste, bytes: 11 })).toMatchObject({ outcome: 'blocked', rule: 'over-grant' })
  one.passes(REQUEST_MS)
  expect(await decided(paste)).toMatchObject({ outcome: 'blocked', rule: 'grant-expired' })
  expect((await one.by(owner, `${id}/requests`)).body).toMatchObject({
    requests: [{ id: request.id, state: 'expired', decided_by: approver }],
  })
  expect((await typesOf(one, id)).slice(5)).toEqual([
    'action-decided',
    'request-made',
    'action-decided',
    'request-decided',
    'action-decided',
    'action-decided',
    'action-decided',
  ])
})

test('a session ends no earlier than what was last decided in it, and decides nothing from then on', async () => {
  const one = opened()
  const id = await begun(one)
  await one.recorder(`/${id}/state`, { state: 'paused' })
  one.passes(4_700)
  expect(await one.by(guest, `${id}/actions`, type)).toMatchObject({ body: { outcome: 'allowed' } })
  one.passes(1_000)
  // As the recorder says it of a source that gave its last byte long before its end was said.
  await one.recorder(`/${id}/finalize`, { complete: true, ended_at: NOW + 10 })
  const decided = (await eventsOf(one, id)).find((event) => event.type === 'action-decided')
  expect(decided?.at).toBe(NOW + 4_700)
  expect(await one.sessions.get(id)).toMatchObject({ ended_at: NOW + 4_700 })
  for (const [person, path, body] of [
    [guest, 'actions', type],
    [guest, 'requests', { ...paste, ...why }],
    [viewer, 'people', { as: 'observer' }],
    [owner, 'pause', why],
  ] as const)
    expect(await one.by(person, `${id}/${path}`, body)).toMatchObject(refused(409, 'session-over'))
})

test('a request of one session is not answered in another', async () => {
  const one = opened()
  const [id, other] = [await begun(one), await begun(one)]
  const { body } = await one.by(guest, `${id}/requests`, { ...paste, ...why })
  const path = `${other}/requests/${(body as { id: string }).id}/decision`
  expect(await one.by(approver, path, { approve: true })).toMatchObject(refused(404, 'no-such-request'))
})

test('a session of an older release, without a policy, allows nothing', async () => {
  const one = opened()
  const { body } = await one.recorder('', { ...sessionRequest, owner, participants: [guest] })
  const { id } = body as Session
  expect(await one.by(guest, `${id}/actions`, type)).toMatchObject({
    status: 200,
    body: { outcome: 'blocked', rule: 'no-policy' },
  })
  expect(await one.by(guest, `${id}/policy`)).toMatchObject(refused(404, 'no-policy'))
  expect(await one.by(guest, `${id}/people`, { as: 'observer' })).toMatchObject(refused(404, 'no-policy'))
  expect(await one.by(guest, `${id}/requests`, { ...paste, ...why })).toMatchObject(refused(403, 'no-policy'))
})

test('a paused session lets nobody act and is recorded on', async () => {
  const one = opened()
  const id = await begun(one)
  const decided = async () => (await one.by(guest, `${id}/actions`, type)).body
  expect(await one.by(owner, `${id}/pause`, why)).toMatchObject({ body: { state: 'active', suspended_by: owner } })
  await one.by(owner, `${id}/pause`, why)
  expect(await decided()).toMatchObject({ outcome: 'blocked', rule: 'suspended' })
  const { body } = await one.by(owner, `${id}/resume`, why)
  expect(body).not.toHaveProperty('suspended_by')
  expect(await decided()).toMatchObject({ outcome: 'allowed', rule: 'allowed' })
  expect((await typesOf(one, id)).filter((kind) => ['suspended', 'resumed'].includes(kind))).toEqual([
    'suspended',
    'resumed',
  ])
})

describe('a session that is voided', () => {
  const isClosed = async (id: string) => {
    const { sealed } = await behind.encryptor.sessions.progress(id)
    return sealed
  }
  const untilClosed = async (one: Pick<Opened, 'store'>, id: string) => {
    while ((await tables(one.store).sessions.get(id))?.still_open !== false) await Bun.sleep(1)
  }

  test('takes nothing more, signs nothing, and says who did what', async () => {
    const one = opened()
    const id = await begun(one, { ...WISHES, on_violation: 'void' })
    const decided = async (body: object) => (await one.by(guest, `${id}/actions`, body)).body
    expect(await decided(paste)).toMatchObject({ outcome: 'blocked', rule: 'not-granted' })
    expect(await one.by(stranger, `${id}/actions`, copy)).toMatchObject({ body: { outcome: 'blocked' } })
    expect(await decided(copy)).toMatchObject({ outcome: 'void', rule: 'denied' })
    expect(await one.sessions.get(id)).toMatchObject({ state: 'voided', error: 'clipboard from_session: denied' })
    expect(await tables(one.store).keys.get(id)).toBeUndefined()
    await untilClosed(one, id)
    expect(await isClosed(id)).toBe(true)
    expect((await eventsOf(one, id)).slice(-2).map(({ type: kind, body }) => [kind, body])).toEqual([
      ['action-decided', { person: guest, ...copy, outcome: 'void', rule: 'denied' }],
      ['voided', { by: guest, reason: 'clipboard from_session: denied' }],
    ])
    expect(await one.recorder(`/${id}/state`, { state: 'paused' })).toMatchObject(refused(409, 'wrong-state'))
    expect(await one.recorder(`/${id}/finalize`, { complete: true })).toMatchObject(refused(409, 'already-finalized'))
    expect(await one.by(guest, `${id}/actions`, type)).toMatchObject(refused(409, 'session-over'))
    expect(await one.by(owner, `${id}/void`, why)).toMatchObject(refused(409, 'wrong-state'))
  })

  test('by somebody takes nothing more either, also when the process died before it could say so', async () => {
    const dead = opened()
    const id = await begun(dead)
    await dead.policies.void(id, { by: owner, ...why })
    expect(await isClosed(id)).toBe(false)
    const alive = opened({ store: dead.store })
    await resumeWork({ store: alive.store, worker: alive.worker })
    await untilClosed(alive, id)
    expect(await isClosed(id)).toBe(true)
  })
})

test('a session that is terminated is sealed with a gap, and says by whom', async () => {
  const one = opened()
  const id = await begun(one)
  const { epoch } = await behind.encryptor.sessions.openWriter(id)
  await encryptInto(
    behind.encryptor.appFor(guardAs('session-chunker')),
    { session: id, index: 0, epoch, flags: 0 },
    noise(1024, 1),
  )
  await one.by(owner, `${id}/terminate`, why)
  while ((await one.sessions.get(id)).state !== 'anchored') await Bun.sleep(1)
  expect(await one.sessions.get(id)).toMatchObject({ complete: false, gaps: [{ at: 1, reason: 'because of a test' }] })
  const end = (await eventsOf(one, id)).find((event) => event.type === 'recording-broken-off')
  expect(end?.body).toMatchObject({ by: owner, ...why })
})

test('no decision is answered that is not stored with its event, whatever the store loses', async () => {
  const store = sqliteStore({ path: ':memory:' })
  let fails = false
  const broken: Store = {
    ...store,
    transaction: (work) =>
      store.transaction(async (tx) => {
        const result = await work(tx)
        if (fails) throw new Fault('unavailable', 'disk-full', 'the transaction is lost')
        return result
      }),
  }
  const one = opened({ store: broken })
  const id = await begun(one, { ...WISHES, on_violation: 'void' })
  const before = await eventsOf(one, id)
  fails = true
  for (const [person, path, body] of [
    [guest, 'actions', type],
    [guest, 'actions', copy],
    [guest, 'requests', { ...paste, ...why }],
    [viewer, 'people', { as: 'observer' }],
    [owner, 'pause', why],
    [owner, 'void', why],
    [owner, 'terminate', why],
  ] as const)
    expect(await one.by(person, `${id}/${path}`, body)).toMatchObject(refused(503, 'disk-full'))
  expect(await eventsOf(one, id)).toEqual(before)
  expect(await tables(store).requests.count()).toBe(0)
  expect(await one.sessions.get(id)).toMatchObject({ state: 'active', observers: [] })
})

policiesContract('bun:sqlite', async () => sqliteStore({ path: ':memory:' }))
