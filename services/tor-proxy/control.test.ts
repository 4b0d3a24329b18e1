import { afterEach, expect, test } from 'bun:test'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concat, utf8 } from '#common/stream/bytes'
import { type ControlOptions, openControl } from './control.ts'
import type { Reply } from './reply.ts'

const cookie = new Uint8Array(32).fill(7)
const nonce = new Uint8Array(32).fill(8)
const serverNonce = new Uint8Array(32).fill(9)
const proof = (way: string) =>
  hmac(sha256, utf8(`Tor safe cookie authentication ${way} hash`), concat(cookie, nonce, serverNonce))
    .toHex()
    .toUpperCase()

const servers: { stop: (now: boolean) => void }[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.stop(true)
})

/** A fake of tor's control port that answers each line as `script` says, and records what it received. */
const fakeTor = (script: (line: string) => string | undefined) => {
  const received: string[] = []
  const server = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      data: (socket, bytes) => {
        for (const line of bytes.toString().split('\r\n').filter(Boolean)) {
          received.push(line)
          const answer = script(line)
          if (answer === undefined) socket.end()
          else socket.write(answer)
        }
      },
    },
  })
  servers.push(server)
  return { received, port: server.port }
}

const open = (port: number, more: Partial<ControlOptions> = {}) =>
  openControl({ host: '127.0.0.1', port, credential: { kind: 'cookie', cookie }, nonce, ...more })

const challenge = `250 AUTHCHALLENGE SERVERHASH=${proof('server-to-controller')} SERVERNONCE=${serverNonce.toHex().toUpperCase()}\r\n`
const wellBehaved = (line: string) =>
  line.startsWith('AUTHCHALLENGE')
    ? challenge
    : line.startsWith('GETINFO')
      ? '250-version=0.4.9.11\r\n250 OK\r\n'
      : '250 OK\r\n'

test('SAFECOOKIE: both sides prove that they know the cookie, neither says it', async () => {
  const { port, received } = fakeTor(wellBehaved)
  const control = await open(port)
  expect(received).toEqual([
    `AUTHCHALLENGE SAFECOOKIE ${nonce.toHex()}`,
    `AUTHENTICATE ${proof('controller-to-server').toLowerCase()}`,
  ])
  expect(await control.info('version')).toBe('0.4.9.11')
  control.close()
})

test('a stranger on the port who does not know the cookie learns nothing', async () => {
  const { port, received } = fakeTor((line) =>
    line.startsWith('AUTHCHALLENGE')
      ? challenge.replace(/SERVERHASH=\w+/, `SERVERHASH=${'0'.repeat(64)}`)
      : '250 OK\r\n',
  )
  await expect(open(port)).rejects.toMatchObject({ code: 'not-our-tor' })
  expect(received.length).toBe(1)
})

test('every 25x is yes, anything else is a refusal in the words of tor', async () => {
  const { port } = fakeTor((line) =>
    line === 'ONE' ? '251 unnecessary\r\n' : line === 'TWO' ? '552 Unrecognized key\r\n' : wellBehaved(line),
  )
  const control = await open(port)
  expect((await control.ask('ONE')).code).toBe(251)
  await expect(control.ask('TWO')).rejects.toThrow('tor refuses: 552 Unrecognized key')
  control.close()
})

test('events that come between are handed on and are no answer', async () => {
  const events: Reply[] = []
  const { port } = fakeTor((line) =>
    line === 'ONE' ? '650 HS_DESC UPLOADED x UNKNOWN y\r\n250 OK\r\n650 NOTICE z\r\n' : wellBehaved(line),
  )
  const control = await open(port, { onEvent: (event) => events.push(event) })
  expect((await control.ask('ONE')).lines).toEqual(['OK'])
  await control.info('version')
  expect(events.map(({ lines }) => lines[0])).toEqual(['HS_DESC UPLOADED x UNKNOWN y', 'NOTICE z'])
  control.close()
})

test('a connection that ends, a silence, and an injected line are failures, never a wrong answer', async () => {
  const { port } = fakeTor((line) => (line === 'BYE' ? undefined : line === 'HUSH' ? '' : wellBehaved(line)))
  const ended = await open(port)
  await expect(ended.ask('BYE')).rejects.toMatchObject({ code: 'tor-control-gone' })
  await ended.closed
  await expect(ended.ask('GETINFO version')).rejects.toMatchObject({ code: 'tor-control-gone' })
  const silent = await open(port, { timeoutMs: 1_000 })
  await expect(silent.ask('HUSH')).rejects.toMatchObject({ code: 'tor-control-gone' })
  const injected = await open(port)
  await expect(injected.ask('GETINFO version\r\nSIGNAL HALT')).rejects.toThrow('one line')
  injected.close()
})

test('nobody on the port', async () => {
  const { port } = fakeTor(wellBehaved)
  for (const server of servers.splice(0)) server.stop(true)
  await expect(open(port)).rejects.toMatchObject({ code: 'tor-control-gone' })
})
