import { afterEach, describe, expect, test } from 'bun:test'
import { Fault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import { ask, guardAs } from '#common/testing/app'
import { noise } from '#common/testing/sample-session'
import { encryptInto, encryptorAt, OWNER, ownFolder, send, sessionId } from './fixture.ts'

const SIZE = 1024
const session = sessionId()

/** A database that goes away in the middle of the next commit: before it was done, or after. */
const treacherous = () => {
  let next: 'before' | 'after' | undefined
  const away = () =>
    new Fault('unavailable', 'store-commit-unknown', 'whether it was kept is not known', { retryAfter: 1 })
  const over = (store: Store): Store => ({
    ...store,
    transaction: async (work) => {
      const when = next
      next = undefined
      if (when === 'before') throw away()
      const result = await store.transaction(work)
      if (when === 'after') throw away()
      return result
    },
  })
  return {
    over,
    lose: (when: 'before' | 'after') => {
      next = when
    },
  }
}

const closers: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

const opened = async () => {
  const { root, remove } = ownFolder()
  const { over, lose } = treacherous()
  const encryptor = await encryptorAt({ root, over })
  closers.push(remove, encryptor.close)
  await encryptor.sessions.create({ session, owner: OWNER, chunk_size: SIZE })
  const { epoch } = await encryptor.sessions.openWriter(session)
  const put = (index: number, seed: number) => encryptInto(encryptor.app, { session, index, epoch }, noise(SIZE, seed))
  /** Reads the file back against its record, as anybody who exports does. */
  const readable = async (index: number) =>
    (await send(encryptor.appFor(guardAs('operator')), 'GET', `/sessions/${session}/chunks/${index}`)).status
  return { ...encryptor, lose, put, readable }
}

describe('a chunk whose commit was never answered', () => {
  for (const when of ['before', 'after'] as const)
    test(`is one chunk when it is sent again, its file the one of its record (lost ${when} the commit)`, async () => {
      const { lose, put, readable, sessions } = await opened()
      await put(0, 1)
      lose(when)
      expect(await put(1, 2)).toMatchObject({ status: 503, body: { code: 'store-commit-unknown' } })
      const again = await put(1, 2)
      expect(again).toMatchObject({ status: 200, body: { index: 1 } })
      expect(await put(1, 2)).toEqual(again)
      expect(await put(2, 3)).toMatchObject({ status: 200, body: { index: 2 } })
      expect(await sessions.progress(session)).toMatchObject({ chunk_count: 3, total_plain: 3 * SIZE })
      expect([await readable(0), await readable(1), await readable(2)]).toEqual([200, 200, 200])
    })

  test('is refused when it comes again with other content, once it is known to be there', async () => {
    const { lose, put, readable } = await opened()
    lose('after')
    expect((await put(0, 1)).status).toBe(503)
    expect(await put(0, 2)).toMatchObject({ status: 409, body: { code: 'chunk-differs' } })
    expect((await put(0, 1)).status).toBe(200)
    expect(await readable(0)).toBe(200)
  })

  test('does not hold up or refuse the chunks that wait behind it', async () => {
    const { lose, put, sessions } = await opened()
    const behind = [put(2, 3), put(1, 2)]
    while ((await sessions.progress(session)).chunk_count > 0) await Bun.sleep(1)
    lose('after')
    expect((await put(0, 1)).status).toBe(503)
    expect((await put(0, 1)).status).toBe(200)
    expect((await Promise.all(behind)).map(({ status }) => status)).toEqual([200, 200])
    expect(await sessions.progress(session)).toMatchObject({ chunk_count: 3 })
  })

  test('is left to the next writer, who stands where the store does', async () => {
    const { lose, put, sessions, appFor } = await opened()
    lose('after')
    expect((await put(0, 1)).status).toBe(503)
    expect(await sessions.openWriter(session)).toMatchObject({ epoch: 2, chunk_count: 1 })
    expect(await put(0, 1)).toMatchObject({ status: 409, body: { code: 'fenced' } })
    expect(await ask(appFor(guardAs('session-orchestrator')), 'POST', `/sessions/${session}/seal`)).toMatchObject({
      status: 200,
      body: { chunk_count: 1 },
    })
  })
})
