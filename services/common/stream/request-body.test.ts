import { afterAll, describe, expect, test } from 'bun:test'
import { service } from '../http/service.ts'
import { isFault } from '../process/fault.ts'
import { testParts } from '../testing/app.ts'
import { exchange, listening, type Wire, wire } from '../testing/wire.ts'
import { readBody } from './request-body.ts'

/** What the server saw of a body: how it ended and how much of it came, one entry a request. */
type Ending = { readonly end: string; readonly bytes: number; readonly hash: string }
const endings: Ending[] = []
let told = Promise.withResolvers<void>()
let arrived = Promise.withResolvers<void>()

const watch = async (request: Request) => {
  const hash = new Bun.CryptoHasher('sha256')
  let bytes = 0
  let end = 'whole'
  try {
    for await (const piece of readBody(request)) {
      hash.update(piece)
      bytes += piece.length
      arrived.resolve()
    }
  } catch (error) {
    end = isFault(error) ? `${error.kind} ${error.code}` : String(error)
    throw error
  } finally {
    endings.push({ end, bytes, hash: hash.digest('hex') })
    told.resolve()
  }
  return { bytes }
}

const server = listening(
  service('test', { ...testParts, streamRoutes: ['POST /up'] }).post('/up', ({ request }) => watch(request), {
    parse: 'none',
    callers: ['operator'],
  }),
)
afterAll(() => server.stop())

const head = (framing: string) => `POST /up HTTP/1.1\r\nHost: localhost\r\nconnection: close\r\n${framing}\r\n\r\n`
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`

/** How a body ends that says `text` after the head and then breaks off; waits until `awaited` bytes have arrived. */
const brokenOff = async (
  framing: string,
  text: string,
  how: (line: Wire) => void,
  isAwaited = true,
): Promise<Ending | undefined> => {
  told = Promise.withResolvers()
  arrived = Promise.withResolvers()
  const line = await wire(server.port)
  line.write(head(framing))
  if (text !== '') line.write(text)
  if (isAwaited) await arrived.promise
  how(line)
  await Promise.all([told.promise, line.reply])
  return endings.at(-1)
}

const ways = { 'breaks off': (line: Wire) => line.reset(), 'hangs up': (line: Wire) => line.end() }
const cut = 'invalid cut-off'

for (const [name, how] of Object.entries(ways))
  describe(`a sender that ${name} before the end of the body is never taken for one that ended`, () => {
    test('with a content-length, in the middle', async () => {
      const ending = await brokenOff('content-length: 100000', 'x'.repeat(5_000), how)
      expect(ending).toMatchObject({ end: cut })
    })

    test('with a content-length, one byte short', async () => {
      expect(await brokenOff('content-length: 11', 'x'.repeat(10), how)).toMatchObject({ end: cut, bytes: 10 })
    })

    test('chunked, between two chunks', async () => {
      const ending = await brokenOff('transfer-encoding: chunked', chunk('hello'), how)
      expect(ending).toMatchObject({ end: cut, bytes: 5 })
    })

    test('chunked, within a chunk', async () => {
      const ending = await brokenOff('transfer-encoding: chunked', `${chunk('hello')}a\r\nwor`, how)
      expect(ending).toMatchObject({ end: cut })
    })

    // "0\r\n" is the sender's word that nothing follows; before it nothing counts as an end.
    test('chunked, within the size of the closing chunk', async () => {
      for (const almost of ['0', '00', '000']) {
        const ending = await brokenOff('transfer-encoding: chunked', `${chunk('hello')}${almost}`, how)
        expect([almost, ending?.end]).toEqual([almost, cut])
      }
    })
  })

test('chunks whose framing is broken are a cut-off body', async () => {
  const ending = await brokenOff('transfer-encoding: chunked', chunk('hello'), (line) => line.write('zz\r\n'))
  expect(ending).toMatchObject({ end: cut, bytes: 5 })
})

describe('a whole body', () => {
  const sha256 = (bytes: Uint8Array | string) => new Bun.CryptoHasher('sha256').update(bytes).digest('hex')

  test('arrives byte for byte when it says its length', async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(65_536))
    const reply = await exchange(server.port, head(`content-length: ${bytes.length}`), bytes)
    expect(reply).toMatchObject({ status: 200, body: '{"bytes":65536}' })
    expect(endings.at(-1)).toEqual({ end: 'whole', bytes: bytes.length, hash: sha256(bytes) })
  })

  test('arrives byte for byte in many chunks of all sizes, several in one packet', async () => {
    const texts = Array.from({ length: 300 }, (_, i) => String(i % 10).repeat(1 + ((i * 37) % 900)))
    const framed = [...texts.map(chunk), '0\r\n\r\n']
    const packets = [framed.slice(0, 100).join(''), ...framed.slice(100, 150), framed.slice(150).join('')]
    const reply = await exchange(server.port, head('transfer-encoding: chunked'), ...packets)
    expect(reply.status).toBe(200)
    expect(endings.at(-1)).toMatchObject({ end: 'whole', hash: sha256(texts.join('')) })
  })

  test('of several megabytes arrives byte for byte, piece after piece', async () => {
    const part = crypto.getRandomValues(new Uint8Array(65_536))
    const whole = new Uint8Array(64 * part.length)
    for (let i = 0; i < 64; i++) whole.set(part, i * part.length)
    const reply = await fetch(`${server.url}/up`, { method: 'POST', body: whole })
    expect(reply.status).toBe(200)
    expect(endings.at(-1)).toEqual({ end: 'whole', bytes: whole.length, hash: sha256(whole) })
  })

  test('of zero bytes, and none at all, end at once', async () => {
    for (const framing of ['content-length: 0', 'x-none: 1', 'transfer-encoding: chunked']) {
      const closing = framing.startsWith('transfer') ? '0\r\n\r\n' : ''
      expect((await exchange(server.port, head(framing), closing)).status).toBe(200)
      expect(endings.at(-1)).toMatchObject({ end: 'whole', bytes: 0 })
    }
  })
})

test('a piece is free again once the next is asked for', async () => {
  const sizes: number[] = []
  let before: Uint8Array | undefined
  const body = new ReadableStream({
    start: (controller) => {
      for (let i = 0; i < 3; i++) controller.enqueue(new Uint8Array(4))
      controller.close()
    },
  })
  for await (const piece of readBody(new Request('http://localhost/', { method: 'POST', body }))) {
    sizes.push(piece.length, before?.buffer.byteLength ?? 0)
    before = piece
  }
  expect(sizes).toEqual([4, 0, 4, 0, 4, 0])
})

test('a reader that stops early lets go of the body', async () => {
  const request = new Request('http://localhost/', { method: 'POST', body: 'abc' })
  for await (const _ of readBody(request)) break
  expect(request.body?.locked).toBe(false)
})
