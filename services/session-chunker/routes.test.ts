import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { ask, closedGuard, everyRouteRefusesStrangers, guardAs } from '#common/testing/app'
import { noise } from '#common/testing/sample-session'
import { listening } from '#common/testing/wire'
import { ownFolder, send, sessionId } from '#services/session-encryptor/fixture'
import { chunkerAndEncryptor, chunkerFor } from './fixture.ts'

const NOW = 1_760_000_000_000
const { root, remove } = ownFolder()
let pipe: Awaited<ReturnType<typeof chunkerAndEncryptor>>
beforeAll(async () => {
  pipe = await chunkerAndEncryptor(root, () => NOW)
  for (const n of [1, 2, 3, 4]) await pipe.newSession(n)
})
afterAll(async () => {
  await pipe.shut()
  remove()
})

const stream = (n: number, offset: number, end: string) =>
  `/sessions/${sessionId(n)}/stream?offset=${offset}&end=${end}`

describe('session-chunker', () => {
  test('refuses strangers on every route of its own', async () => {
    const { app } = chunkerFor(pipe.encryptor, closedGuard)
    expect(await everyRouteRefusesStrangers(app)).toBe(3)
  })

  test('is for session-recorder only', async () => {
    const { app } = chunkerFor(pipe.encryptor, guardAs('operator'))
    const routes = [
      ['POST', stream(1, 0, 'true')],
      ['GET', `/sessions/${sessionId(1)}/stream`],
      ['POST', `/chunk?session=${sessionId(1)}&index=0&last=true`],
    ] as const
    for (const [method, path] of routes)
      expect(await ask(app, method, path)).toMatchObject({ status: 403, body: { code: 'caller-not-allowed' } })
  })

  test('takes a stream and shows how far it is', async () => {
    const done = {
      session: sessionId(1),
      received: 1500,
      acknowledged: 1500,
      chunk_count: 2,
      complete: true,
      chunk_size: 1024,
      last_byte_at: NOW,
    }
    const { last_byte_at: _, ...unsaid } = done
    expect(await send(pipe.app, 'POST', stream(1, 0, 'false'), noise(1000, 1))).toEqual({
      status: 200,
      body: { ...unsaid, received: 1000, acknowledged: 0, chunk_count: 0, complete: false },
    })
    expect(await send(pipe.app, 'POST', stream(1, 1000, 'true'), noise(500, 2))).toEqual({ status: 200, body: done })
    expect(await ask(pipe.app, 'GET', `/sessions/${sessionId(1)}/stream`)).toEqual({ status: 200, body: done })
  })

  test('takes single chunks', async () => {
    const path = (index: number, last: boolean) => `/chunk?session=${sessionId(2)}&index=${index}&last=${last}`
    expect(await send(pipe.app, 'POST', path(0, false), noise(1024, 1))).toMatchObject({
      status: 200,
      body: { chunk_count: 1, complete: false },
    })
    expect(await send(pipe.app, 'POST', path(1, true), noise(4, 1))).toMatchObject({
      status: 200,
      body: { chunk_count: 2, complete: true },
    })
  })

  test('tells what is wrong with a stream', async () => {
    const told = async (path: string, bytes = noise(1, 1)) => {
      const { status, body } = await send(pipe.app, 'POST', path, bytes)
      return [status, (body as { code: string }).code]
    }
    expect(await told(stream(3, 0, 'true'), noise(0, 1))).toEqual([400, 'empty-recording'])
    expect(await told(stream(3, 7, 'true'))).toEqual([409, 'offset-differs'])
    expect(await told(stream(3, -1, 'true'))).toEqual([400, 'bad-request'])
    expect(await told(stream(3, 0.5, 'true'))).toEqual([400, 'bad-request'])
    expect(await told(stream(3, 0, 'perhaps'))).toEqual([400, 'bad-request'])
    expect(await told(`${stream(3, 0, 'true')}&more=1`)).toEqual([400, 'bad-request'])
    expect(await told(stream(9, 0, 'true'))).toEqual([404, 'no-such-session'])
  })

  test('does not end a session when the connection breaks in the middle of a body', async () => {
    const served = listening(chunkerFor(pipe.encryptor).app)
    const sent = noise(3000, 1)
    const socket = connect(served.port, '127.0.0.1')
    const gone = new Promise((resolve) => socket.on('close', resolve))
    const head = `POST ${stream(4, 0, 'true')} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5000\r\n\r\n`
    socket.write(Buffer.concat([Buffer.from(head), sent]))
    const durable = () => pipe.behind().sessions.progress(sessionId(4))
    while ((await durable()).chunk_count < 2) await Bun.sleep(1)
    socket.destroy()
    await gone
    const whole = new Uint8Array([...sent, ...noise(2000, 2)])
    const rest = () => fetch(`${served.url}${stream(4, 2048, 'true')}`, { method: 'POST', body: whole.subarray(2048) })
    let reply = await rest()
    // The server may not have noticed yet that the first sender is gone.
    while (reply.status === 409) {
      await Bun.sleep(2)
      reply = await rest()
    }
    expect({ status: reply.status, body: await reply.json() }).toMatchObject({
      status: 200,
      body: { session: sessionId(4), received: 5000, acknowledged: 5000, chunk_count: 5, complete: true },
    })
    expect(await pipe.plainOf(sessionId(4))).toEqual(whole)
    await served.stop()
  })
})
