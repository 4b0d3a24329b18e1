import { expect, test } from 'bun:test'
import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { deriveOwner, signTronMessage } from '#common/evidence/tron-message'
import { ok } from '#common/http/client'
import { isFull } from '#common/testing/extent'
import { bringUp, type Prepared } from '../../platform/platform.ts'
import { operatorClients } from '../../platform/session-client.ts'
import { HANG, killOptions } from './kill-run.ts'
import { openSuite } from './suite.ts'

/** People who are signed in and work while authentication and api-server are killed and restarted under them. */

const PEOPLE = 6
/** Sessions that each person begins: they stay open, and there are only so many places. */
const SESSIONS = 5
const VICTIMS = ['authentication', 'api-server'] as const

type Person = { readonly secret: Uint8Array; readonly address: string }
type Tokens = { readonly access_token: string; readonly refresh_token: string }

const makePerson = (): Person => {
  const secret = randomBytes(32)
  return { secret, address: deriveOwner(secret) }
}

/** Asks until somebody answers; what is being restarted is asked again, the very same. */
const ask = async (url: string, method: string, body?: object, headers: Record<string, string> = {}) => {
  for (;;) {
    const reply = await fetch(url, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body && { body: JSON.stringify(body) }),
    }).catch(() => undefined)
    if (reply !== undefined && reply.status < 500 && reply.status !== 429) {
      const text = await reply.text().catch(() => undefined)
      if (text !== undefined) return { status: reply.status, body: JSON.parse(text) }
    }
    await Bun.sleep(20)
  }
}

const signIn = async (auth: string, { address, secret }: Person): Promise<Tokens> => {
  const { body: challenge } = await ask(`${auth}/auth/challenge`, 'POST', { address })
  const { status, body } = await ask(`${auth}/auth/verify`, 'POST', {
    address,
    nonce: challenge.nonce,
    signature: signTronMessage(challenge.message, secret),
  })
  expect({ status, body }).toMatchObject({ status: 200 })
  return body
}

const suite = openSuite('sign-ins', { hangMs: HANG })

const begin = async (): Promise<Prepared> => {
  const platform = await bringUp({
    home: join(suite.root, 'home'),
    stacks: ['core', 'sessions'],
    ports: 'free',
    env: { 'session-orchestrator': { MAX_ACTIVE_SESSIONS: '100' } },
    ambient: process.env,
  })
  suite.onClose(platform.stop)
  return platform
}

test(
  "kill -9 and a restart of authentication and api-server under load take back nothing that was answered, and nobody's sign-in",
  async () => {
    // Each of the two twice; `--full` four times.
    const { kills: rounds } = killOptions(isFull ? 8 : 4)
    const platform = await begin()
    const { authentication: auth = '', 'api-server': api = '' } = platform.urls
    const { auth: operator } = operatorClients(platform.home).authentication()
    const invite = async (address: string) =>
      ok(operator.users({ address }).put({ roles: ['user'] })).then(
        () => true,
        () => false,
      )

    const invited: string[] = []
    const begun: { readonly id: string; readonly owner: string }[] = []
    const refused: unknown[] = []
    let refreshed = 0
    let over = false
    const live = async (person: Person) => {
      expect(await invite(person.address)).toBe(true)
      let tokens = await signIn(auth, person)
      let mine = 0
      while (!over || mine < SESSIONS) {
        const next = await ask(`${auth}/auth/refresh`, 'POST', { refresh_token: tokens.refresh_token })
        if (next.status !== 200) return { person, tokens, lost: next }
        tokens = next.body
        refreshed++
        const stranger = makePerson().address
        if (await invite(stranger)) invited.push(stranger)
        if (mine === SESSIONS) continue
        const headers = { authorization: `Bearer ${tokens.access_token}`, 'idempotency-key': randomUUID() }
        const created = await ask(`${api}/api/v1/sessions`, 'POST', {}, headers)
        if (created.status >= 300) refused.push(created)
        else begun.push({ id: created.body.id, owner: person.address })
        mine++
      }
      return { person, tokens, lost: undefined }
    }
    const lives = Array.from({ length: PEOPLE }, () => live(makePerson()))
    for (let round = 0; round < rounds; round++) {
      const enough = refreshed + PEOPLE
      while (refreshed < enough) {
        const first = await Promise.race([...lives, Bun.sleep(10)])
        if (first !== undefined) break // one of them lost his sign-in: said below
      }
      const victim = VICTIMS[round % VICTIMS.length] ?? VICTIMS[0]
      // Each of them is killed, and the next time told to end as at an update.
      await (round % 4 < VICTIMS.length ? platform.kill(victim) : platform.restart(victim))
      await platform.healthy()
    }
    over = true
    const ends = await Promise.all(lives)
    console.log(`${rounds} ends, ${refreshed} refreshed, ${invited.length} invited, ${begun.length} begun`)

    expect(ends.flatMap(({ lost }) => lost ?? [])).toEqual([])
    expect(refused).toEqual([])
    for (const { person, tokens } of ends) {
      const { status, body } = await ask(`${auth}/auth/refresh`, 'POST', { refresh_token: tokens.refresh_token })
      expect(status).toBe(200)
      const bearer = { authorization: `Bearer ${body.access_token}` }
      expect(await ask(`${api}/api/v1/me`, 'GET', undefined, bearer)).toMatchObject({
        status: 200,
        body: { address: person.address },
      })
      for (const { id, owner } of begun.filter((one) => one.owner === person.address))
        expect(await ask(`${api}/api/v1/sessions/${id}`, 'GET', undefined, bearer)).toMatchObject({
          status: 200,
          body: { id, owner },
        })
    }
    const known: string[] = []
    for (let after: string | undefined; ; ) {
      const { users } = await ok(operator.users.get({ query: { limit: 50, ...(after && { after }) } }))
      known.push(...users.map(({ address }) => address))
      after = users.at(-1)?.address
      if (users.length < 50) break
    }
    expect(invited.filter((address) => !known.includes(address))).toEqual([])
    expect(invited.length).toBeGreaterThan(0)
    expect(begun).toHaveLength(PEOPLE * SESSIONS)
  },
  HANG,
)
