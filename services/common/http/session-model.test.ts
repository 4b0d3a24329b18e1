import { describe, expect, test } from 'bun:test'
import { Value } from '@sinclair/typebox/value'
import { t } from 'elysia'
import { ask, testParts } from '../testing/app.ts'
import { service } from './service.ts'
import { BytesParam, ChunkParams, ChunkRecord, FlagParam } from './session-model.ts'

const id = '0b0e7a3c-1f2d-4c5b-8a9e-0123456789ab'
const app = service('test', testParts)
  .get('/chunks/:id/:index', ({ params }) => params, { callers: ['operator'], params: ChunkParams })
  .get('/bytes', ({ query }) => query, {
    query: t.Object({ offset: BytesParam, end: FlagParam }),
    callers: ['operator'],
  })

describe('a chunk in a path', () => {
  test('is a lower-case session id and an index that arrives as a number', async () => {
    expect(await ask(app, 'GET', `/chunks/${id}/1048575`)).toEqual({ status: 200, body: { id, index: 1_048_575 } })
  })

  test('is refused with any other index', async () => {
    for (const index of ['1048576', '-1', '1.5', 'one', '', 'NaN', 'Infinity'])
      expect([index, (await ask(app, 'GET', `/chunks/${id}/${index}`)).status]).toEqual([
        index,
        index === '' ? 404 : 400,
      ])
  })

  test('is refused with any other id', async () => {
    for (const wrong of [id.toUpperCase(), `${id}0`, id.replace('4c', '5c'), 'x'])
      expect([wrong, (await ask(app, 'GET', `/chunks/${wrong}/0`)).status]).toEqual([wrong, 400])
  })
})

test('an offset is a whole number of bytes up to the largest exact one', async () => {
  const at = async (offset: string) => (await ask(app, 'GET', `/bytes?offset=${offset}&end=true`)).status
  expect(await ask(app, 'GET', '/bytes?offset=9007199254740991&end=false')).toEqual({
    status: 200,
    body: { offset: Number.MAX_SAFE_INTEGER, end: 'false' },
  })
  for (const wrong of ['9007199254740992', '-1', '0.5', 'x', '']) expect([wrong, await at(wrong)]).toEqual([wrong, 400])
})

test('a flag is true or false and nothing else', async () => {
  for (const wrong of ['1', 'TRUE', ''])
    expect((await ask(app, 'GET', `/bytes?offset=0&end=${wrong}`)).status).toBe(400)
})

test('a chunk record has hashes and nonce of their exact length', () => {
  const record = {
    index: 0,
    flags: 1,
    plain: 8,
    comp: 7,
    cipher: 81,
    leaf: 'a'.repeat(64),
    sha256: 'b'.repeat(64),
    nonce: 'c'.repeat(48),
    at: 1,
  }
  expect(Value.Check(ChunkRecord, record)).toBe(true)
  for (const bent of [{ leaf: 'a' }, { nonce: 'c'.repeat(64) }, { flags: 256 }, { plain: -1 }, { at: 0.5 }])
    expect(Value.Check(ChunkRecord, { ...record, ...bent })).toBe(false)
})
