import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openRelay } from './link.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-link-'))
const log = join(folder, 'log')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What a connection brings until it ends, and how it ended. */
const ended = (socket: Socket): Promise<{ readonly text: string; readonly error?: string }> =>
  new Promise((done) => {
    let text = ''
    let error: string | undefined
    socket.on('data', (bytes) => {
      text += bytes
    })
    socket.on('error', (fault: NodeJS.ErrnoException) => {
      error = fault.code
    })
    socket.on('close', () => done(error === undefined ? { text } : { text, error }))
  })

const dial = (port: number) => connect({ port, host: '127.0.0.1' })

const next = (socket: Socket): Promise<string> => new Promise((done) => socket.once('data', (b) => done(`${b}`)))

test('bytes go both ways and are counted', async () => {
  const relay = await openRelay({ server: () => ['sh', '-c', 'tr a-z A-Z'], log })
  const socket = dial(relay.port)
  const all = ended(socket)
  socket.end('hello')
  expect(await all).toEqual({ text: 'HELLO' })
  expect([relay.link.sent(), relay.link.received()]).toEqual([5, 5])
  await relay.close()
})

test('a cut lets exactly so many bytes through, resets the connection, and spares the next', async () => {
  const file = join(folder, 'got')
  const relay = await openRelay({ server: () => ['sh', '-c', `cat >>${file}; echo end >>${file}`], log })
  relay.link.cutAfter(100_003)
  const socket = dial(relay.port)
  const all = ended(socket)
  socket.write(Buffer.alloc(3_000_000, 'x'))
  expect(await all).toEqual({ text: '', error: 'ECONNRESET' })
  expect(relay.link.sent()).toBe(100_003)
  const again = dial(relay.port)
  const rest = ended(again)
  again.end('whole\n')
  expect(await rest).toEqual({ text: '' })
  const until = performance.now() + 10_000
  while (readFileSync(file, 'utf8').split('end').length < 3 && performance.now() < until) await Bun.sleep(10)
  const got = readFileSync(file, 'utf8')
  expect([got.replaceAll(/[^x]/g, '').length, got.includes('whole')]).toEqual([100_003, true])
  await relay.close()
})

test('a line that refuses resets what is open and what comes, until it is up', async () => {
  const relay = await openRelay({ server: () => ['cat'], log })
  const open = dial(relay.port)
  open.write('a')
  expect(await next(open)).toBe('a')
  const broken = ended(open)
  relay.link.down('refuse')
  expect((await broken).error).toBe('ECONNRESET')
  expect((await ended(dial(relay.port))).error).toBe('ECONNRESET')
  relay.link.up()
  const after = dial(relay.port)
  after.write('b')
  expect(await next(after)).toBe('b')
  await relay.close()
})

test('a line that hangs holds every byte and goes on where it was', async () => {
  const relay = await openRelay({ server: () => ['cat'], log })
  const open = dial(relay.port)
  open.write('a')
  expect(await next(open)).toBe('a')
  relay.link.down('hang')
  const late = dial(relay.port)
  let came = ''
  for (const socket of [open, late]) {
    socket.on('data', (bytes) => {
      came += bytes
    })
    socket.write('b')
  }
  await Bun.sleep(100)
  expect([came, relay.link.sent()]).toEqual(['', 1])
  relay.link.up()
  const until = performance.now() + 10_000
  while (came.length < 2 && performance.now() < until) await Bun.sleep(10)
  expect([came, relay.link.sent()]).toEqual(['bb', 3])
  await relay.close()
})

test('a host that is off resets connections', async () => {
  const relay = await openRelay({ server: () => undefined, log })
  expect((await ended(dial(relay.port))).error).toBe('ECONNRESET')
  await relay.close()
})
