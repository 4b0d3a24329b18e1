import { expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ask, guardAs } from '#common/testing/app'
import { noise } from '#common/testing/sample-session'
import { encryptInto, encryptorAt, OWNER, ownFolder, sessionId } from './fixture.ts'

const SIZE = 1024
const session = sessionId()

test('a chunk that a crash left without its record is gone when the session is sealed', async () => {
  const { root, remove } = ownFolder()
  const { app, appFor, sessions, folder, close } = await encryptorAt({ root })
  await sessions.create({ session, owner: OWNER, chunk_size: SIZE })
  const { epoch } = await sessions.openWriter(session)
  await encryptInto(app, { session, index: 0, epoch }, noise(SIZE, 1))
  await (await folder.stage(session, 1, epoch, [noise(SIZE, 2)])).commit()
  const asOrchestrator = appFor(guardAs('session-orchestrator'))

  expect(await ask(asOrchestrator, 'POST', `/sessions/${session}/seal`)).toMatchObject({
    status: 200,
    body: { chunk_count: 1, sealed: true },
  })
  expect(readdirSync(join(root, 'chunks', session))).toEqual(['000000.lcd'])
  await close()
  remove()
})

test('no session is opened on a full disk', async () => {
  const { root, remove } = ownFolder()
  const { appFor, close } = await encryptorAt({ root, freeBytesKept: Number.MAX_SAFE_INTEGER })
  const request = { session, owner: OWNER, chunk_size: SIZE }
  expect(await ask(appFor(guardAs('session-orchestrator')), 'POST', '/sessions', request)).toMatchObject({
    status: 503,
    body: { code: 'disk-full', detail: 'the disk is full; free space and the recording goes on' },
  })
  await close()
  remove()
})
