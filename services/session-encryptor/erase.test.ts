import { expect, setDefaultTimeout, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { signGrant } from '#common/evidence/owner-grant'
import { ask, guardAs } from '#common/testing/app'
import { faultOf } from '#common/testing/faults'
import { derived, noise } from '#common/testing/sample-session'
import { encryptInto, encryptorAt, OWNER, ownFolder, sessionId } from './fixture.ts'
import { tables } from './store.ts'

// Nothing here is timed: only a hang fails.
setDefaultTimeout(120_000)

const SIZE = 1024
const session = sessionId()
const x25519 = derived(3, 'x25519').toHex()

test('an erased session has no key any more, in no file of the store, and its chunks stay', async () => {
  const { root, remove } = ownFolder()
  const { app, appFor, sessions, store, close } = await encryptorAt({ root })
  await sessions.create({ session, owner: OWNER, owner_x25519: x25519, chunk_size: SIZE })
  const other = sessionId(1)
  await sessions.create({ session: other, owner: OWNER, chunk_size: SIZE })
  const { epoch } = await sessions.openWriter(session)
  await encryptInto(app, { session, index: 0, epoch }, noise(SIZE, 1))
  const doc = await tables(store).sessions.get(session)
  const secrets = [doc?.wrapped ?? '-', doc?.sealed_to_owner ?? '-']
  const present = () => {
    const files = readdirSync(root).filter((name) => name.startsWith('store'))
    return secrets.filter((text) => files.some((name) => readFileSync(join(root, name)).includes(text)))
  }
  expect(present()).toEqual(secrets)

  const asApi = appFor(guardAs('api-server'))
  const erased = await ask(asApi, 'DELETE', `/sessions/${session}/key`)
  expect(erased).toMatchObject({ status: 200, body: { sealed: true, chunk_count: 1 } })
  expect(await ask(asApi, 'DELETE', `/sessions/${session}/key`)).toEqual(erased)
  expect(present()).toEqual([])

  const expires = Date.now() + 60_000
  const grant = { expires, signature: signGrant({ session, expires }, derived(1, 'nobody')).toHex() }
  expect((await ask(asApi, 'POST', `/sessions/${session}/key`, { grant })).status).toBe(403)
  expect(await faultOf(() => sessions.key(session))).toMatchObject({ code: 'key-erased' })
  expect(await ask(asApi, 'GET', `/sessions/${session}/key/sealed`)).toMatchObject({
    status: 404,
    body: { code: 'key-erased' },
  })
  expect((await asApi.handle(new Request(`http://localhost/sessions/${session}/chunks/0`))).status).toBe(200)
  expect(await sessions.key(other)).toHaveLength(32)
  await close()
  remove()
})
