import { afterAll, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { x25519 } from '@noble/curves/ed25519.js'
import { openAsOwner } from '#common/evidence/owner-seal'
import { sqliteStore } from '#common/store/sqlite'
import { faultOf } from '#common/testing/faults'
import { findBytes, noise } from '#common/testing/sample-session'
import { encryptInto, encryptorAt, MASTER_KEY, OWNER, ownFolder, sessionId } from './fixture.ts'
import { sessions } from './sessions.ts'
import { tables } from './store.ts'

const { root, remove } = ownFolder()
afterAll(remove)

const random = (size: number) => crypto.getRandomValues(new Uint8Array(size))
const memory = () => {
  const store = sqliteStore({ path: ':memory:' })
  return { store, all: sessions({ store, masterKey: MASTER_KEY, random, markErased: () => {} }) }
}
const request = { session: sessionId(), owner: OWNER, chunk_size: 1024 }
const fresh = { ...request, chunk_count: 0, total_plain: 0, total_cipher: 0, last: false, sealed: false }
const { owner: _, ...progress } = fresh

describe('a session of the encryptor', () => {
  test('is made once: the same request again is the same session and the same key', async () => {
    const { all } = memory()
    expect(await all.create(request)).toEqual(progress)
    const key = await all.key(request.session)
    expect(await all.create(request)).toEqual(progress)
    expect(await all.key(request.session)).toEqual(key)
  })

  test('is not another one: a different owner or chunk size is refused', async () => {
    const { all } = memory()
    await all.create(request)
    for (const other of [{ owner: 'TAUN6FwrnwwmaEqYcckffC7wYmbaS6cBiX' }, { chunk_size: 2048 }])
      expect(await faultOf(() => all.create({ ...request, ...other }))).toMatchObject({
        kind: 'conflict',
        code: 'session-differs',
      })
  })

  test('is not one whose key is sealed to another owner key, or to none', async () => {
    const { all } = memory()
    const [one, other] = [random(32), random(32)].map((secret) => x25519.getPublicKey(secret).toHex())
    const sealed = { ...request, owner_x25519: one ?? '' }
    await all.create(sealed)
    expect(await all.create(sealed)).toEqual(progress)
    for (const asked of [request, { ...request, owner_x25519: other ?? '' }])
      expect(await faultOf(() => all.create(asked))).toMatchObject({ code: 'session-differs' })
    await all.create({ ...request, session: sessionId(1) })
    expect(await faultOf(() => all.create({ ...sealed, session: sessionId(1) }))).toMatchObject({
      code: 'session-differs',
    })
  })

  test('has a key of its own', async () => {
    const { all } = memory()
    await all.create(request)
    await all.create({ ...request, session: sessionId(1) })
    expect(await all.key(sessionId(1))).not.toEqual(await all.key(request.session))
  })

  test('has a key that survives a restart', async () => {
    const { store, all } = memory()
    await all.create(request)
    const again = sessions({ store, masterKey: MASTER_KEY, random, markErased: () => {} })
    expect(await again.key(request.session)).toEqual(await all.key(request.session))
  })

  test('gives out no key under another master key, and says what to do', async () => {
    const { store, all } = memory()
    await all.create(request)
    const wrong = sessions({ store, masterKey: random(32), random, markErased: () => {} })
    expect(await faultOf(() => wrong.key(request.session))).toMatchObject({
      kind: 'unavailable',
      code: 'key-does-not-unwrap',
    })
  })

  test('gives out no key that was wrapped for another session', async () => {
    const { store, all } = memory()
    await all.create(request)
    await all.create({ ...request, session: sessionId(1) })
    const table = tables(store).sessions
    const [one, other] = [await table.get(request.session), await table.get(sessionId(1))]
    if (!one || !other) throw new Error('both were made')
    const { rev, ...doc } = other
    await table.replace({ ...doc, wrapped: one.wrapped ?? '' }, rev)
    expect(await faultOf(() => all.key(sessionId(1)))).toMatchObject({ code: 'key-does-not-unwrap' })
  })

  test('is sealed to the owner where they gave an X25519 key, and opens for them', async () => {
    const { store, all } = memory()
    const secret = random(32)
    await all.create({ ...request, owner_x25519: x25519.getPublicKey(secret).toHex() })
    const doc = await tables(store).sessions.get(request.session)
    expect(openAsOwner(secret, Uint8Array.fromHex(doc?.sealed_to_owner ?? ''))).toEqual(await all.key(request.session))
  })

  test('counts epochs: each writer fences the one before', async () => {
    const { all } = memory()
    await all.create(request)
    expect(await all.openWriter(request.session)).toEqual({ ...progress, epoch: 1 })
    expect(await all.openWriter(request.session)).toEqual({ ...progress, epoch: 2 })
  })

  test('takes no writer after it is sealed; sealing again changes nothing', async () => {
    const { all } = memory()
    await all.create(request)
    expect(await all.seal(request.session)).toEqual({ ...progress, sealed: true })
    expect(await all.seal(request.session)).toEqual({ ...progress, sealed: true })
    expect(await faultOf(() => all.openWriter(request.session))).toMatchObject({
      kind: 'conflict',
      code: 'sealed',
      extra: { chunk_count: 0, acknowledged: 0 },
    })
  })

  test('keeps a key that is in use whole when it is sealed meanwhile', async () => {
    const { all } = memory()
    await all.create(request)
    const before = (await all.key(request.session)).toHex()
    const inUse = await all.key(request.session)
    await all.seal(request.session)
    expect(inUse.toHex()).toBe(before)
    expect((await all.key(request.session)).toHex()).toBe(before)
  })

  test('that nobody made is missing, whatever is asked of it', async () => {
    const { all } = memory()
    for (const asked of [all.progress, all.owner, all.openWriter, all.seal, all.key, all.commitOrder])
      expect(await faultOf(() => asked(sessionId(9)))).toMatchObject({ kind: 'missing', code: 'no-such-session' })
  })
})

test('no file of the service holds a session key, in bytes or in hex', async () => {
  const encryptor = await encryptorAt({ root })
  await encryptor.sessions.create(request)
  const { epoch } = await encryptor.sessions.openWriter(request.session)
  await encryptInto(encryptor.app, { index: 0, epoch }, noise(1024, 1))
  const key = await encryptor.sessions.key(request.session)
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  expect(files.map(({ name }) => name).toSorted()).toEqual([
    '000000.lcd',
    'store.sqlite',
    'store.sqlite-shm',
    'store.sqlite-wal',
  ])
  for (const { name, parentPath } of files) {
    const bytes = readFileSync(join(parentPath, name))
    for (const secret of [key, MASTER_KEY, Buffer.from(key.toHex()), Buffer.from(MASTER_KEY.toHex())])
      expect({ name, at: findBytes(bytes, secret) }).toEqual({ name, at: -1 })
  }
  await encryptor.close()
})
