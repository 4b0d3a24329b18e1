import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { buildPolicy, type PolicyWishes } from '#common/policy/build'
import { signPolicy } from '#common/policy/fixture'
import { noise } from '#common/testing/sample-session'
import { ownFolder } from '#services/session-encryptor/fixture'
import { type AskInit, apiAt, personOf, type TestPerson } from './fixture.ts'
import type { Session } from './model.ts'

// Nothing here is timed: only a hang fails.
setDefaultTimeout(120_000)

const { root, remove } = ownFolder()
let api: Awaited<ReturnType<typeof apiAt>>
beforeAll(async () => {
  api = await apiAt(root)
})
afterAll(async () => {
  await api.stop()
  remove()
})

const owner = personOf(21, 'user')
const guest = personOf(22, 'user')
const approver = personOf(23, 'user')
const viewer = personOf(24, 'observer')
const stranger = personOf(25, 'user', 'dev', 'node_worker')
const worker = personOf(21, 'user', 'node_worker')
const admin = personOf(26, 'admin')

const json = async (person: TestPerson, method: string, path: string, init: AskInit = {}) => {
  const reply = await api.ask(person, method, path, init)
  return { status: reply.status, body: (await reply.json()) as never }
}
const post = (person: TestPerson, path: string, body: object, headers = {}) =>
  json(person, 'POST', path, { body, headers })
const refused = (status: number, code: string) => ({ status, body: { code } })

const signedBy = ({ address, key }: TestPerson, wishes: PolicyWishes = {}) =>
  signPolicy(
    buildPolicy(
      { owner: address, nonce: '5a'.repeat(32), now: Date.now(), validFor: 3600 * 1000 },
      {
        participants: [guest.address],
        observers: [viewer.address],
        approvers: [owner.address, approver.address],
        channels: { clipboard: { to_session: 'on_request' } },
        ...wishes,
      },
    ),
    key,
  )
const paste = { channel: 'clipboard', direction: 'to_session', bytes: 12 } as const
const why = { reason: 'a test' }

/** A session of the owner in which something was recorded. */
const begun = async (wishes: PolicyWishes = {}) => {
  const { body } = await post(owner, '/sessions', { policy: signedBy(owner, wishes) })
  const { id } = body as Session
  await json(owner, 'PATCH', `/sessions/${id}/stream?offset=0&end=false`, { bytes: noise(2_000, 1) })
  return id
}
const over = (id: string) => post(worker, `/sessions/${id}/terminate`, why)

test('a guest joins, is refused, asks, is approved by a second person, and all of it is proven', async () => {
  const id = await begun()
  const { body: known } = await json(guest, 'GET', `/sessions/${id}`)
  expect(known).toMatchObject({ participants: [owner.address], policy: { participants: [guest.address] } })
  expect(await json(guest, 'GET', `/sessions/${id}/policy`)).toMatchObject({
    body: {
      snapshot: { owner: owner.address },
      says: expect.arrayContaining(['What is denied is blocked, and the session goes on']),
    },
  })
  expect(await post(guest, `/sessions/${id}/join`, { as: 'participant' })).toMatchObject({
    body: { participants: [owner.address, guest.address] },
  })
  const decide = () => post(guest, `/sessions/${id}/actions`, paste)
  expect(await decide()).toMatchObject({ status: 200, body: { outcome: 'blocked', rule: 'not-granted' } })
  const asked = await post(guest, `/sessions/${id}/requests`, { ...paste, ...why })
  expect(asked).toMatchObject({ status: 200, body: { state: 'pending', person: guest.address } })
  const path = `/sessions/${id}/requests/${(asked.body as { id: string }).id}/decision`
  expect(await post(guest, path, { approve: true })).toMatchObject(refused(403, 'not-an-approver'))
  expect(await post(approver, path, { approve: true })).toMatchObject({
    body: { state: 'approved', decided_by: approver.address },
  })
  expect(await decide()).toMatchObject({ body: { outcome: 'allowed', rule: 'granted' } })
  await json(owner, 'POST', `/sessions/${id}/end`)
  await api.pipe.until(id, 'anchored')
  const { manifest } = (await json(owner, 'GET', `/sessions/${id}/manifest`)).body as { manifest: string }
  expect(JSON.parse(manifest)).toMatchObject({
    policy_hash: (known as Session).policy?.hash,
    participants: [owner.address, guest.address],
    observers: [],
  })
})

test('nobody opens a session under a policy of somebody else, or one that he did not sign', async () => {
  for (const [policy, code] of [
    [signedBy(stranger), 'policy-owner'],
    [{ ...signedBy(owner), signature: signedBy(stranger).signature }, 'policy-not-signed'],
  ] as const)
    expect(await post(owner, '/sessions', { policy })).toMatchObject(refused(403, code))
})

describe('a session with a policy', () => {
  test('is none to whom nobody named, whatever is asked', async () => {
    const id = await begun()
    const asked: readonly (readonly [method: string, path: string, body?: object])[] = [
      ['GET', ''],
      ['GET', '/policy'],
      ['GET', '/requests'],
      ['POST', '/join', { as: 'participant' }],
      ['POST', '/actions', paste],
      ['POST', '/requests', { ...paste, ...why }],
      ['POST', `/requests/${id}/decision`, { approve: true }],
      ['POST', '/pause', why],
      ['POST', '/resume', why],
      ['POST', '/void', why],
    ]
    for (const [method, path, body] of asked)
      expect(await json(stranger, method, `/sessions/${id}${path}`, body && { body })).toMatchObject(
        refused(404, 'no-such-session'),
      )
    // A refusal that comes after the deed is none.
    const { body } = await json(owner, 'GET', `/sessions/${id}`)
    expect(body).toMatchObject({ state: 'paused', participants: [owner.address] })
    expect(body).not.toHaveProperty('suspended_by')
    await over(id)
  })

  test('is known to whom the policy names, who reads no evidence and steers nothing', async () => {
    const id = await begun()
    for (const person of [guest, approver, viewer]) {
      expect((await json(person, 'GET', `/sessions/${id}/policy`)).status).toBe(200)
      expect((await json(person, 'GET', `/sessions/${id}/requests`)).status).toBe(200)
      expect(await json(person, 'GET', `/sessions/${id}/manifest`)).toMatchObject(refused(403, 'not-yours'))
    }
    expect(await post(guest, `/sessions/${id}/pause`, why)).toMatchObject(refused(403, 'not-yours'))
    expect(await post(guest, `/sessions/${id}/void`, why)).toMatchObject(refused(403, 'not-permitted'))
    expect(await post(guest, `/sessions/${id}/actions`, paste)).toMatchObject(refused(403, 'not-yours'))
    expect(await post(viewer, `/sessions/${id}/actions`, paste)).toMatchObject(refused(403, 'not-permitted'))
    expect(await post(viewer, `/sessions/${id}/join`, { as: 'participant' })).toMatchObject(
      refused(403, 'not-permitted'),
    )
    expect(await post(viewer, `/sessions/${id}/join`, { as: 'observer' })).toMatchObject({
      body: { observers: [viewer.address] },
    })
    await over(id)
  })

  test('is not widened by an admin, who may steer it', async () => {
    const id = await begun()
    expect(await post(admin, `/sessions/${id}/actions`, paste)).toMatchObject({
      body: { outcome: 'blocked', rule: 'not-admitted' },
    })
    expect(await post(admin, `/sessions/${id}/join`, { as: 'participant' })).toMatchObject(refused(403, 'not-invited'))
    expect(await post(admin, `/sessions/${id}/pause`, why)).toMatchObject({ body: { suspended_by: admin.address } })
    expect((await post(owner, `/sessions/${id}/resume`, why)).body).not.toHaveProperty('suspended_by')
    expect(await post(admin, `/sessions/${id}/void`, why)).toMatchObject({ body: { state: 'voided', error: 'a test' } })
  })

  test('counts a request with the same key once', async () => {
    const id = await begun()
    await post(guest, `/sessions/${id}/join`, { as: 'participant' })
    const ask = () => post(guest, `/sessions/${id}/requests`, { ...paste, ...why }, { 'idempotency-key': `ask-${id}` })
    const [first, again] = [await ask(), await ask()]
    expect(again.body).toEqual(first.body)
    const { body } = await json(owner, 'GET', `/sessions/${id}/requests`)
    expect((body as { requests: unknown[] }).requests.length).toBe(1)
    await over(id)
  })

  test('is voided where its owner wanted that, by what nobody could have allowed', async () => {
    const id = await begun({ on_violation: 'void' })
    await post(guest, `/sessions/${id}/join`, { as: 'participant' })
    expect(await post(guest, `/sessions/${id}/actions`, { ...paste, direction: 'from_session' })).toMatchObject({
      body: { outcome: 'void', rule: 'denied' },
    })
    expect(await json(owner, 'GET', `/sessions/${id}`)).toMatchObject({ body: { state: 'voided' } })
  })
})
