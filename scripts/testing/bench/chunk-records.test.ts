import { expect, test } from 'bun:test'
import { isSessionId } from '#common/evidence/session-id'
import { schema } from '#services/session-encryptor/store'
import { recordsOf, sessionsOf } from './chunk-records.ts'

test('records are those of the sessions, each chunk once and each session in order', () => {
  const sessions = sessionsOf(5000, 1)
  expect(sessions.reduce((sum, { chunks }) => sum + chunks, 0)).toBe(5000)
  expect(sessions.every(({ session }) => isSessionId(session))).toBe(true)
  const records = [...recordsOf(sessions, 1)]
  expect(new Set(records.map(({ id }) => id)).size).toBe(5000)
  for (const { session, chunks } of sessions) {
    const own = records.filter((record) => record.session === session)
    expect(own.map(({ index }) => index)).toEqual(Array.from({ length: chunks }, (_, at) => at))
    expect(own.filter(({ flags }) => flags === 1).map(({ index }) => index)).toEqual([chunks - 1])
  }
})

test('the same seed gives the same records, in which sessions take turns', () => {
  const made = () => [...recordsOf(sessionsOf(300, 2), 2)]
  expect(made()).toEqual(made())
  expect(
    new Set(
      made()
        .slice(0, 4)
        .map(({ session }) => session),
    ).size,
  ).toBeGreaterThan(1)
})

test('a record has the size and the required fields that session-encryptor gives it', () => {
  const [record] = recordsOf(sessionsOf(16, 3), 3)
  if (record === undefined) throw new Error('no record')
  expect([record.leaf, record.sha256, record.nonce].map((text) => text.length)).toEqual([64, 64, 48])
  const chunks = schema.collections.find(({ name }) => name === 'encryptor_chunks')
  expect(Object.keys(record)).toEqual(expect.arrayContaining([...(chunks?.required ?? [])]))
})
