import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { bench } from '#common/backup/fixture'
import { restore } from '#common/backup/restore'
import { folderTarget } from '#common/backup/target'
import { deriveOwner, signTronMessage } from '#common/evidence/tron-message'
import { ok } from '#common/http/client'
import { fromHex } from '#common/stream/bytes'
import { bringUp, type Prepared } from '../platform/platform.ts'
import { readSecret } from '../platform/secrets.ts'
import { operatorClients } from '../platform/session-client.ts'

/** A platform of real processes that is backed up, goes on, and is put back to the backup. */

// Only a hang is ended by it.
setDefaultTimeout(900_000)

const place = await bench()
const root = join(place.source, 'volumes')
let running: Prepared | undefined
afterAll(async () => {
  await running?.stop()
  place[Symbol.dispose]()
})

const start = async (): Promise<Prepared> => {
  running = await bringUp({ home: root, stacks: ['core', 'sessions'], ports: 'free', ambient: process.env })
  return running
}
const stop = async (): Promise<void> => {
  await running?.stop()
  running = undefined
}

const makePerson = () => {
  const secret = randomBytes(32)
  return { secret, address: deriveOwner(secret) }
}
type Person = ReturnType<typeof makePerson>

const ask = async (at: string, path: string, { body, token }: { body?: object; token?: string } = {}) => {
  const reply = await fetch(`${at}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    ...(body && { body: JSON.stringify(body) }),
  })
  const { code, access_token, refresh_token, nonce, message } = (await reply.json()) as Record<string, string>
  return { status: reply.status, code, access: access_token ?? '', refresh: refresh_token ?? '', nonce, message }
}
const signIn = async (auth: string, { address, secret }: Person, code?: string) => {
  const { nonce, message = '' } = await ask(auth, '/auth/challenge', { body: { address } })
  const signature = signTronMessage(message, secret)
  return ask(auth, '/auth/verify', { body: { address, nonce, signature, ...(code && { code }) } })
}

const verifyAudit = async () => {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, '..', 'audit', 'audit.ts'), 'verify', '--json'], {
    env: { ...process.env, LUCID_HOME: root },
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const { streams } = (await new Response(child.stdout).json()) as {
    streams: { service: string; state: string; faults: string[]; restores: string[] }[]
  }
  return streams.find(({ service }) => service === 'authentication')
}

const [admin, user] = [makePerson(), makePerson()]
const authOf = ({ urls }: Prepared) => urls['authentication'] ?? ''
const setUser = ({ home }: Prepared, roles: ('user' | 'dev')[], status: 'active' | 'closed' = 'active') =>
  ok(operatorClients(home).authentication().auth.users({ address: user.address }).put({ roles, status }))
const codeOf = async ({ home }: Prepared, recover: boolean) =>
  (await ok(operatorClients(home).authentication().auth['admin-code'].post({ recover }))).code

test('a backup brings nobody’s sign-in back and no role, its stream says so, and a tail that is cut is told from it', async () => {
  const first = await start()
  await signIn(authOf(first), admin, await codeOf(first, false))
  await setUser(first, ['dev'])
  const before = await signIn(authOf(first), user)
  expect(before.status).toBe(200)
  await stop()
  const { name } = await place.backup()

  const second = await start()
  await setUser(second, [], 'closed')
  await setUser(second, ['user'])
  const after = await signIn(authOf(second), user)
  expect(await verifyAudit()).toMatchObject({ state: 'whole', faults: [], restores: [] })
  const seed = fromHex(readSecret(second.home, 'operator', 'IDENTITY_KEY').reveal(), 32)
  await stop()
  cpSync(second.home.data('authentication'), join(place.folder, 'newest'), { recursive: true })

  const restored = await restore(
    { identities: [place.identity], snapshot: name, units: ['volumes/data'], replace: true },
    {
      repository: place.repository(),
      target: folderTarget(place.source),
      telling: { services: ['authentication'], seed: () => seed, now: Date.now },
    },
  )
  expect(restored).toMatchObject({ ok: true, signed: true, told: expect.arrayContaining(['authentication']) })
  const third = await start()
  const auth = authOf(third)
  for (const { access, refresh } of [before, after]) {
    expect(await ask(auth, '/auth/refresh', { body: { refresh_token: refresh } })).toMatchObject({ code: 'signed-out' })
    expect(await ask(auth, '/auth/me', { token: access })).toMatchObject({ code: 'bad-access-token' })
    const api = third.urls['api-server'] ?? ''
    expect(await ask(api, '/api/v1/me', { token: access })).toMatchObject({ code: 'bad-access-token' })
  }
  for (const who of [admin, user]) expect(await signIn(auth, who)).toMatchObject({ code: 'account-restored' })
  expect((await signIn(auth, admin, await codeOf(third, false))).status).toBe(200)
  await setUser(third, ['user'])
  expect((await signIn(auth, user)).status).toBe(200)
  const told = await verifyAudit()
  expect(told).toMatchObject({ state: 'restored', faults: [] })
  expect(told?.restores.join()).toMatch(
    new RegExp(`^restored .* from the backup ${name} of .*: entries \\d+ to \\d+ of before are gone$`),
  )
  expect(await verifyAudit()).toEqual(told)
  await stop()

  // Whoever cuts the stream by putting an older store in its place has no word of the operator for it.
  rmSync(third.home.data('authentication'), { recursive: true })
  cpSync(join(place.folder, 'newest'), third.home.data('authentication'), { recursive: true })
  await start()
  expect((await verifyAudit())?.faults.join()).toMatch(/the end is cut off|was rewritten up to there/)
})
