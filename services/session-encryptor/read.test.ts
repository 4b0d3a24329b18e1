import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compress } from '#common/engines/zstd'
import { chunkFileName, FLAG_LAST, FLAG_ZSTD, HEADER_SIZE } from '#common/evidence/chunk-file'
import { GRANT_MAX_MS, signGrant } from '#common/evidence/owner-grant'
import { deriveOwner } from '#common/evidence/tron-message'
import { utf8 } from '#common/stream/bytes'
import { ask, guardAs } from '#common/testing/app'
import { derived, noise } from '#common/testing/sample-session'
import { encryptInto, encryptorAt, ownFolder, send, sessionId } from './fixture.ts'
import { tables } from './store.ts'

const { root, remove } = ownFolder()
const session = sessionId()
const SIZE = 1024
const NOW = 1_760_000_000_000
const ownerKey = derived(1, 'owner key')
const text = utf8('Lucid records. '.repeat(60))
const raw = noise(SIZE, 1)

let encryptor: Awaited<ReturnType<typeof encryptorAt>>
beforeAll(async () => {
  encryptor = await encryptorAt({ root, now: () => NOW })
  await encryptor.sessions.create({ session, owner: deriveOwner(ownerKey), chunk_size: SIZE })
  await encryptor.sessions.create({ session: sessionId(1), owner: deriveOwner(ownerKey), chunk_size: SIZE })
  const { epoch } = await encryptor.sessions.openWriter(session)
  await encryptInto(encryptor.app, { index: 0, epoch }, raw)
  const last = { index: 1, epoch, flags: FLAG_ZSTD | FLAG_LAST, plain: text.length }
  await encryptInto(encryptor.app, last, await compress(text, 3))
})
afterAll(async () => {
  await encryptor.close()
  remove()
})

const operator = () => encryptor.appFor(guardAs('operator'))
const orchestrator = () => encryptor.appFor(guardAs('session-orchestrator'))
const path = (index: number) => join(root, 'chunks', session, chunkFileName(index))
const incidents = () => tables(encryptor.store).incidents.find({ sort: [['at', 'asc']] })

const grant = (change: { readonly session?: string; readonly expires?: number; readonly key?: Uint8Array } = {}) => {
  const { session: of = session, expires = NOW + 60_000, key = ownerKey } = change
  return { expires, signature: signGrant({ session: of, expires }, key).toHex() }
}

describe('reading', () => {
  test('gives the chunk files as they are on disk', async () => {
    for (const index of [0, 1])
      expect(await send(operator(), 'GET', `/sessions/${session}/chunks/${index}`)).toEqual({
        status: 200,
        body: new Uint8Array(readFileSync(path(index))),
      })
  })

  test('gives the records in pages', async () => {
    const all = await ask(orchestrator(), 'GET', `/sessions/${session}/chunks`)
    expect(all).toMatchObject({ status: 200, body: { chunk_count: 2, chunks: [{ index: 0 }, { index: 1 }] } })
    const page = await ask(orchestrator(), 'GET', `/sessions/${session}/chunks?from=1&limit=1`)
    expect(page).toMatchObject({ status: 200, body: { chunk_count: 2, chunks: [{ index: 1 }] } })
  })

  test('knows no chunk and no session that is not there', async () => {
    expect(await ask(operator(), 'GET', `/sessions/${session}/chunks/2`)).toMatchObject({
      status: 404,
      body: { code: 'no-such-chunk' },
    })
    expect(await ask(orchestrator(), 'GET', `/sessions/${sessionId(9)}/chunks`)).toMatchObject({
      status: 404,
      body: { code: 'no-such-session' },
    })
  })
})

describe('with a grant of the owner', () => {
  test('the plain bytes come out, compressed or not', async () => {
    const app = operator()
    for (const [index, plain] of [raw, text].entries()) {
      const body = JSON.stringify({ session, index, grant: grant() })
      const reply = await app.handle(
        new Request('http://localhost/decrypt', {
          method: 'POST',
          body,
          headers: { 'content-type': 'application/json', 'content-length': String(body.length) },
        }),
      )
      expect({ status: reply.status, plain: new Uint8Array(await reply.arrayBuffer()) }).toEqual({ status: 200, plain })
    }
  })

  test('the session key comes out', async () => {
    expect(await ask(operator(), 'POST', `/sessions/${session}/key`, { grant: grant() })).toEqual({
      status: 200,
      body: { session, session_key: (await encryptor.sessions.key(session)).toHex() },
    })
  })
})

describe('a grant is refused', () => {
  const refusals = [
    {
      what: 'of somebody else',
      by: () => grant({ key: derived(2, 'owner key') }),
      status: 403,
      code: 'grant-not-owner',
    },
    { what: 'for another session', by: () => grant({ session: sessionId(1) }), status: 403, code: 'grant-not-owner' },
    { what: 'that has expired', by: () => grant({ expires: NOW }), status: 403, code: 'grant-expired' },
    {
      what: 'that lasts too long',
      by: () => grant({ expires: NOW + GRANT_MAX_MS + 1 }),
      status: 403,
      code: 'grant-too-long',
    },
    {
      what: 'whose expiry was changed after it was signed',
      by: () => ({ ...grant(), expires: NOW + 60_001 }),
      status: 403,
      code: 'grant-not-owner',
    },
    {
      what: 'whose signature is none',
      by: () => ({ expires: NOW + 60_000, signature: '00'.repeat(65) }),
      status: 400,
      code: 'owner-signature',
    },
    {
      what: 'whose signature is too short',
      by: () => ({ expires: NOW + 60_000, signature: '00'.repeat(64) }),
      status: 400,
      code: 'bad-request',
    },
    { what: 'with an unknown field', by: () => ({ ...grant(), for: 'ever' }), status: 400, code: 'bad-request' },
  ]
  for (const { what, by, status, code } of refusals)
    test(what, async () => {
      const refused = { status, body: { code } }
      expect(await ask(operator(), 'POST', `/sessions/${session}/key`, { grant: by() })).toMatchObject(refused)
      expect(await ask(operator(), 'POST', '/decrypt', { session, index: 0, grant: by() })).toMatchObject(refused)
    })
})

describe('a file that was altered', () => {
  test('in any byte of its header is found, named, reported, and gives no byte', async () => {
    const good = readFileSync(path(1))
    const before = (await incidents()).length
    for (let at = 0; at < HEADER_SIZE; at++) {
      const bad = Buffer.from(good)
      bad[at] = (bad[at] ?? 0) ^ 1
      writeFileSync(path(1), bad)
      const reply = await ask(operator(), 'GET', `/sessions/${session}/chunks/1`)
      expect({ at, ...reply }).toMatchObject({ at, status: 503, body: { code: 'chunk-damaged', session, index: 1 } })
    }
    writeFileSync(path(1), good)
    const found = (await incidents()).slice(before)
    expect(found.length).toBe(HEADER_SIZE)
    expect(found[0]).toMatchObject({ session, index: 1, reason: 'its header was altered', at: NOW })
  })

  test('in its ciphertext, cut short, or gone is found, named, reported, and gives no byte', async () => {
    const good = readFileSync(path(0))
    const flipped = Buffer.from(good)
    flipped[HEADER_SIZE + 5] = (flipped[HEADER_SIZE + 5] ?? 0) ^ 0x80
    const damages = [
      { do: () => writeFileSync(path(0), flipped), reason: 'its bytes were altered' },
      { do: () => writeFileSync(path(0), good.subarray(0, good.length - 1)), reason: 'its header was altered' },
      { do: () => writeFileSync(path(0), ''), reason: 'its header was altered' },
      { do: () => cpSync(path(1), path(0)), reason: 'its bytes were altered' },
      { do: () => rmSync(path(0)), reason: 'its file is gone' },
    ]
    const before = (await incidents()).length
    for (const damage of damages) {
      damage.do()
      const said = {
        status: 503,
        body: {
          code: 'chunk-damaged',
          detail: `chunk 0 does not verify (${damage.reason}); restore it`,
          session,
          index: 0,
        },
      }
      expect(await ask(operator(), 'GET', `/sessions/${session}/chunks/0`)).toMatchObject(said)
      expect(await ask(operator(), 'POST', '/decrypt', { session, index: 0, grant: grant() })).toMatchObject(said)
    }
    writeFileSync(path(0), good)
    expect((await incidents()).length - before).toBe(2 * damages.length)
    expect(await decryptedStatus()).toBe(200)
  })

  test('before it was encrypted, so that it does not unpack, is found, named, reported, and gives no byte', async () => {
    const own = sessionId(7)
    await encryptor.sessions.create({ session: own, owner: deriveOwner(ownerKey), chunk_size: SIZE })
    const { epoch } = await encryptor.sessions.openWriter(own)
    const garbage = [
      noise(900, 3), // no zstd at all
      Uint8Array.from([...(await compress(text, 3)), 0]), // a frame with something behind it
      (await compress(text, 3)).slice(0, -3), // a frame that is cut short
      await compress(text.slice(0, 100), 3), // a frame that unpacks to less than was said
      await compress(new Uint8Array(5000), 3), // and to more
    ]
    for (const [index, bytes] of garbage.entries()) {
      const sent = { session: own, index, epoch, flags: FLAG_ZSTD, plain: SIZE }
      expect((await encryptInto(encryptor.app, sent, bytes)).status).toBe(200)
      const body = { session: own, index, grant: grant({ session: own }) }
      expect({ index, ...(await ask(operator(), 'POST', '/decrypt', body)) }).toMatchObject({
        index,
        status: 503,
        body: { code: 'chunk-damaged', session: own, index, detail: expect.stringContaining('does not unpack') },
      })
    }
    const found = (await incidents()).filter((incident) => incident.session === own)
    expect(found.map(({ index }) => index).toSorted()).toEqual([...garbage.keys()])
  })

  const decryptedStatus = async () => (await send(operator(), 'GET', `/sessions/${session}/chunks/0`)).status
})
