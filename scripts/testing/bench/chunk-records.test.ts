import { expect, test } from 'bun:test'
import { isSessionId } from '#common/evidence/session-id'
import { loadStoreSchemas } from '../../derive/store-schemas.ts'
import { chunkTable, makeRecords, makeSessions } from './chunk-records.ts'

test('records are those of the sessions, each chunk once and each session in order', () => {
  const sessions = makeSessions(5000, 1)
  expect(sessions.reduce((sum, { chunks }) => sum + chunks, 0)).toBe(5000)
  expect(sessions.every(({ session }) => isSessionId(session))).toBe(true)
  const records = [...makeRecords(sessions, 1)]
  expect(new Set(records.map(({ id }) => id)).size).toBe(5000)
  for (const { session, chunks } of sessions) {
    const own = records.filter((record) => record.session === session)
    expect(own.map(({ index }) => index)).toEqual(Array.from({ length: chunks }, (_, at) => at))
    expect(own.filter(({ flags }) => flags === 1).map(({ index }) => index)).toEqual([chunks - 1])
  }
})

test('the same seed gives the same records, in which sessions are interleaved', () => {
  const made = () => [...makeRecords(makeSessions(300, 2), 2)]
  expect(made()).toEqual(made())
  expect(
    new Set(
      made()
        .slice(0, 4)
        .map(({ session }) => session),
    ).size,
  ).toBeGreaterThan(1)
})

test('a record has the size that session-encryptor gives it, and its table is the one of session-encryptor', async () => {
  const [record] = makeRecords(makeSessions(16, 3), 3)
  if (record === undefined) throw new Error('no record')
  expect([record.leaf, record.sha256, record.nonce].map((text) => text.length)).toEqual([64, 64, 48])
  const schemas = await loadStoreSchemas(['session-encryptor'])
  const table = schemas['session-encryptor']?.collections.find(({ name }) => name === chunkTable.name)
  expect<unknown>(table).toEqual(chunkTable)
  expect(Object.keys(record)).toEqual(expect.arrayContaining([...(chunkTable.required ?? [])]))
})
