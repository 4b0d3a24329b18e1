import { describe, expect, test } from 'bun:test'
import { FLAG_LAST } from '#common/evidence/chunk-file'
import { faultOf } from '#common/testing/faults'
import { OWNER, sessionId } from './fixture.ts'
import { appendChunk, describeProgress, newSession, openWriter, sealSession } from './session-state.ts'
import type { ChunkDoc, SessionDoc } from './store.ts'

const fresh = newSession({ session: sessionId(), owner: OWNER, chunk_size: 1024 }, { wrapped: '00' })
const chunk = (index: number, fields: Partial<ChunkDoc> = {}): ChunkDoc => ({
  id: `${sessionId()}/${index}`,
  session: sessionId(),
  epoch: 1,
  index,
  flags: 0,
  plain: 1024,
  comp: 1024,
  cipher: 1040,
  leaf: '',
  sha256: '',
  nonce: '',
  at: 5,
  ...fields,
})
const append = (doc: SessionDoc, one: ChunkDoc, isBroken = false) => appendChunk(doc, one, { isBroken })

test('when the last byte came is that of the last chunk; of one from an older release, when it was kept', () => {
  const open = openWriter(fresh)
  const [said, unsaid] = [append(open, chunk(0, { last_byte_at: 3 })), append(open, chunk(0))]
  expect([fresh, said, unsaid, append(said, chunk(1, { at: 9 }))].map(describeProgress)).toMatchObject([
    {},
    { last_at: 5, last_byte_at: 3 },
    { last_at: 5, last_byte_at: 5 },
    { last_at: 9, last_byte_at: 9 },
  ])
  expect(describeProgress(fresh).last_byte_at).toBeUndefined()
})

test('a chunk counts where the writer stands', () => {
  const open = openWriter(fresh)
  expect(append(append(open, chunk(0)), chunk(1, { plain: 10, cipher: 26, flags: FLAG_LAST, at: 9 }))).toEqual({
    ...open,
    chunk_count: 2,
    total_plain: 1034,
    total_cipher: 1066,
    last: true,
    closed: true,
    last_at: 9,
  })
})

describe('a chunk is refused', () => {
  const open = openWriter(fresh)
  test.each([
    ['of an earlier writer', openWriter(open), chunk(0), 'fenced'],
    ['that is not the next', open, chunk(1), 'fenced'],
    ['that is there already', append(open, chunk(0)), chunk(0), 'fenced'],
    ['of a session that is sealed', sealSession(open), chunk(0), 'fenced'],
    ['after the last', append(open, chunk(0, { flags: FLAG_LAST })), chunk(1), 'after-last'],
    ['after the final one of a stream that broke off', append(open, chunk(0), true), chunk(1), 'after-last'],
  ] as const)('%s', async (_, doc, one, code) => {
    expect(await faultOf(() => append(doc, one))).toMatchObject({ kind: 'conflict', code })
  })
})

test('a stream that broke off has a final chunk without being complete', () => {
  expect(append(openWriter(fresh), chunk(0), true)).toMatchObject({ last: false, closed: true })
})

test('sealing fences the writer once', () => {
  const sealed = sealSession(openWriter(fresh))
  expect(sealed).toMatchObject({ sealed: true, epoch: 2 })
  expect(sealSession(sealed)).toBe(sealed)
})
