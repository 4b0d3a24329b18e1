import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret } from '../process/env.ts'
import { records } from '../store/migrations/record.ts'
import { sqliteStore } from '../store/sqlite.ts'
import { freePorts } from '../testing/free-ports.ts'
import { wire } from '../testing/wire.ts'
import { derivePublicKey, signer } from './identity.ts'

// Processes are started: a busy machine takes its time.
setDefaultTimeout(60_000)

/** Real processes: what `start` promises is about signals, exit codes and what is printed. */
const home = mkdtempSync(join(tmpdir(), 'lucid-main-'))
const keyOf = (fill: number) => new Secret(new Uint8Array(32).fill(fill).toHex())
const peersFile = join(home, 'identities.json')

beforeAll(() =>
  writeFileSync(
    peersFile,
    JSON.stringify({ 'merkle-builder': derivePublicKey(keyOf(1)), operator: derivePublicKey(keyOf(2)) }),
  ),
)
afterAll(() => rmSync(home, { recursive: true }))

type Line = Readonly<Record<string, unknown>>
const alive: { readonly kill: () => void }[] = []
afterEach(() => {
  for (const { kill } of alive.splice(0)) kill()
})

let folders = 0
/** Starts the fixture. A key that is given as undefined is not set. */
const spawn = (own: Readonly<Record<string, string | undefined>> = {}, stdout: 'pipe' | Bun.BunFile = 'pipe') => {
  const wanted = {
    HOST: '127.0.0.1',
    PORT: '0',
    LUCID_DATA: join(home, `data-${folders++}`),
    IDENTITY_KEY: keyOf(1).reveal(),
    IDENTITY_PEERS_FILE: peersFile,
    ...own,
  }
  const env: Record<string, string> = {}
  for (const [key, value] of Object.entries(wanted)) if (value !== undefined) env[key] = value
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'main.fixture.ts')], {
    env,
    stdin: 'ignore',
    stdout,
    stderr: 'pipe',
  })
  alive.push({ kill: () => child.kill('SIGKILL') })

  const lines: Line[] = []
  const waiting: { readonly event: string; readonly go: (line: Line) => void }[] = []
  const read = async () => {
    let rest = ''
    const decoder = new TextDecoder()
    for await (const bytes of (child.stdout as ReadableStream<Uint8Array<ArrayBuffer>> | undefined) ?? []) {
      const whole = (rest + decoder.decode(bytes, { stream: true })).split('\n')
      rest = whole.pop() ?? ''
      for (const text of whole) {
        const line: Line = JSON.parse(text) // the log is one JSON object a line: anything else fails here
        lines.push(line)
        for (const { event, go } of waiting) if (event === line['event']) go(line)
      }
    }
    expect(rest).toBe('')
  }
  const ended = Promise.all([read(), new Response(child.stderr).text(), child.exited])
  const said = (event: string) => {
    const line = Promise.withResolvers<Line>()
    const known = lines.find((one) => one['event'] === event)
    if (known) line.resolve(known)
    waiting.push({ event, go: line.resolve })
    const tooSoon = ended.then(([, stderr]) => {
      throw new Error(`ended without saying ${event}: ${stderr}${JSON.stringify(lines)}`)
    })
    tooSoon.catch(() => {})
    return Promise.race([line.promise, tooSoon])
  }
  return {
    child,
    lines,
    said,
    data: wanted.LUCID_DATA,
    url: async () => `http://127.0.0.1:${(await said('listening'))['port']}`,
    /** Waits for its end: exit code, what it printed beside its log, the events of its log. */
    end: async () => {
      const [, stderr, code] = await ended
      return { code, stderr, events: lines.map(({ event }) => event) }
    },
  }
}

describe('a service that starts', () => {
  test('listens, has its data folder and its store, and accepts its callers alone', async () => {
    const one = spawn()
    const url = await one.url()
    expect(await (await fetch(`${url}/health`)).json()).toMatchObject({
      status: 'healthy',
      service: 'merkle-builder',
      dependencies: { store: 'ok' },
    })
    expect(existsSync(join(one.data, 'store.sqlite'))).toBe(true)
    const as = async (fill: number) => {
      const token = await signer({ name: 'operator', key: keyOf(fill) })('merkle-builder')
      return (await fetch(`${url}/nowhere`, { headers: { authorization: `Bearer ${token}` } })).status
    }
    expect([(await fetch(`${url}/nowhere`)).status, await as(3), await as(2)]).toEqual([401, 401, 404])
  })

  test('logs one JSON object a line, with time, level and service, and prints nothing else', async () => {
    const one = spawn()
    const url = await one.url()
    await fetch(`${url}/nowhere`)
    one.child.kill('SIGTERM')
    expect(await one.end()).toEqual({
      code: 0,
      stderr: '',
      events: ['listening', 'request', 'stopping', 'closed', 'closed', 'stopped'],
    })
    for (const line of one.lines) {
      expect(line).toMatchObject({ service: 'merkle-builder', level: 'info' })
      expect(new Date(String(line['time'])).toISOString()).toBe(String(line['time']))
    }
  })

  test('logs only what its level asks for', async () => {
    const one = spawn({ LOG_LEVEL: 'error', MODE: 'broken-build' })
    expect(await one.end()).toMatchObject({ code: 1, events: ['cannot-start'] })
  })
})

describe('a service that is told to stop', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    test(`by ${signal} closes what it opened, last opened first, and exits 0`, async () => {
      const one = spawn()
      await one.url()
      one.child.kill(signal)
      expect((await one.end()).code).toBe(0)
      expect(one.lines.flatMap(({ part }) => (part === undefined ? [] : [part]))).toEqual(['second', 'first'])
      expect(one.lines.find(({ event }) => event === 'stopping')).toMatchObject({ signal })
    })

  test('answers the request in flight first, whole and with its store open', async () => {
    const one = spawn()
    const url = await one.url()
    const answer = fetch(`${url}/after/1`).then((reply) => reply.text())
    await one.said('waiting')
    one.child.kill('SIGTERM')
    expect(await answer).toBe('answered')
    const { code, events } = await one.end()
    expect(code).toBe(0)
    expect(events.indexOf('request')).toBeLessThan(events.indexOf('closed'))
  })

  test('takes no new requests while it answers the last', async () => {
    const one = spawn()
    const url = await one.url()
    const answer = fetch(`${url}/after/2`).then((reply) => reply.text())
    await one.said('waiting')
    one.child.kill('SIGTERM')
    await one.said('stopping')
    await one.said('signalled')
    await expect(fetch(`${url}/health`, { keepalive: false })).rejects.toThrow()
    one.child.kill('SIGTERM')
    expect([await answer, (await one.end()).code]).toEqual(['answered', 0])
  })

  for (const route of ['/up', '/json'])
    test(`does not wait for a body that has stalled (${route}): it is cut off, and the rest is closed`, async () => {
      const one = spawn()
      const { port } = new URL(await one.url())
      const line = await wire(Number(port))
      const type = route === '/json' ? 'application/json' : 'application/octet-stream'
      line.write(
        `POST ${route} HTTP/1.1\r\nHost: localhost\r\ncontent-type: ${type}\r\ncontent-length: 1000\r\n\r\n{"text"`,
      )
      if (route === '/up') await one.said('waiting')
      // The head has arrived before a request that is sent and answered after it.
      await fetch(`http://127.0.0.1:${port}/status`)
      one.child.kill('SIGTERM')
      const { code, stderr, events } = await one.end()
      await line.reply
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(events.slice(-3)).toEqual(['closed', 'closed', 'stopped'])
      expect(events).toContain('requests-cut-off')
    }, 60_000)

  test('is not hurried by a second signal: the request in flight is still answered', async () => {
    const one = spawn()
    const url = await one.url()
    const answer = fetch(`${url}/after/2`).then((reply) => reply.text())
    await one.said('waiting')
    one.child.kill('SIGTERM')
    await one.said('signalled')
    one.child.kill('SIGTERM')
    expect(await answer).toBe('answered')
    const { code, events } = await one.end()
    expect([code, events.filter((event) => event === 'stopping').length]).toEqual([0, 1])
  })

  test('does not wait for callers that only keep their connection', async () => {
    const one = spawn()
    await (await fetch(`${await one.url()}/health`)).text()
    one.child.kill('SIGTERM')
    expect((await one.end()).code).toBe(0)
  })

  test('closes the rest when a part does not close, says so, and exits 1', async () => {
    const one = spawn({ MODE: 'broken-close' })
    await one.url()
    one.child.kill('SIGTERM')
    expect(await one.end()).toEqual({
      code: 1,
      stderr: '',
      events: ['listening', 'stopping', 'cannot-close', 'closed', 'stopped'],
    })
  })
})

describe('a service whose store goes away between ready and started', () => {
  test('closes what it built, says why on its port, and is built again when the store is back', async () => {
    const one = spawn({ MODE: 'store-goes-away' })
    const { port, code } = await one.said('waiting')
    const url = await one.url()
    expect([code, url]).toEqual(['store-away', `http://127.0.0.1:${port}`])
    expect((await fetch(`${url}/health`)).status).toBe(200)
    one.child.kill('SIGTERM')
    const { code: exit, events } = await one.end()
    expect(exit).toBe(0)
    // Closed twice while it was built, then both parts at the end.
    expect(events.filter((event) => event === 'closed')).toHaveLength(4)
  })
})

describe('a service that cannot start', () => {
  test('for its environment says every fault in its log, never a value, and exits 78', async () => {
    const wrong = 'hunter2-is-no-key'
    const one = spawn({ PORT: 'many', MODE: 'other', IDENTITY_KEY: wrong, CLUSTER_ID: 'Not Good' })
    const { code, stderr } = await one.end()
    expect([code, stderr]).toEqual([78, ''])
    expect(one.lines.map(({ level, event, fault }) => [level, event, String(fault).split(' ')[0]])).toEqual([
      ['error', 'bad-environment', 'CLUSTER_ID'],
      ['error', 'bad-environment', 'PORT'],
      ['error', 'bad-environment', 'IDENTITY_KEY'],
      ['error', 'bad-environment', 'MODE'],
    ])
    expect(JSON.stringify(one.lines)).not.toMatch(/hunter2|many|Not Good/)
  })

  test('without its key exits 78', async () => {
    const one = spawn({ IDENTITY_KEY: undefined })
    expect((await one.end()).code).toBe(78)
    expect(one.lines[0]?.['fault']).toContain('IDENTITY_KEY is missing')
  })

  test('takes its key from a file, and exits 78 when the file is not there', async () => {
    const path = join(home, 'key')
    writeFileSync(path, `${keyOf(1).reveal()}\n`)
    const good = spawn({ IDENTITY_KEY: undefined, IDENTITY_KEY_FILE: path })
    expect((await fetch(`${await good.url()}/health`)).status).toBe(200)
    const bad = spawn({ IDENTITY_KEY: undefined, IDENTITY_KEY_FILE: `${path}-not` })
    expect((await bad.end()).code).toBe(78)
  })

  test('for a database whose address is none exits 78, and does not print it', async () => {
    for (const url of ['mongodb://user:hunter2@', 'mongodb://user:hun:ter2@h/x', 'mongodb://u:hunter2@h:99999/x']) {
      const one = spawn({ MONGO_URL: url })
      const { code, events } = await one.end()
      expect([code, events]).toEqual([78, ['cannot-start']])
      expect(String(one.lines[0]?.['error'])).toStartWith('MONGO_URL is no connection string')
      expect(JSON.stringify(one.lines)).not.toMatch(/hunter2|hun:ter2|99999/)
    }
  })

  test('for documents of another release exits 78 and says what to do', async () => {
    const first = spawn()
    await first.url()
    first.child.kill('SIGTERM')
    await first.end()
    const store = sqliteStore({ path: join(first.data, 'store.sqlite') })
    const kept = await records(store).get('schema')
    if (kept === undefined) throw new Error('no record')
    await records(store).replace({ ...kept, version: 9 }, kept.rev)
    await store.close()
    const second = spawn({ LUCID_DATA: first.data })
    expect(await second.end()).toMatchObject({ code: 78, events: ['cannot-start'] })
    expect(String(second.lines[0]?.['error'])).toMatch(/newer/)
  })

  const failures = {
    'because its build throws': { MODE: 'broken-build' },
    'because nobody told it the identities': { IDENTITY_PEERS_FILE: join(home, 'nowhere.json') },
  }
  for (const [why, own] of Object.entries(failures))
    test(`${why} says so in a log line and exits 1`, async () => {
      const one = spawn(own)
      expect(await one.end()).toEqual({ code: 1, stderr: '', events: ['cannot-start'] })
      expect(one.lines[0]).toMatchObject({ level: 'error', service: 'merkle-builder' })
    })

  test('because its port is taken says so in a log line and exits 1', async () => {
    const taken = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() })
    const one = spawn({ PORT: String(taken.port) })
    expect(await one.end()).toEqual({ code: 1, stderr: '', events: ['cannot-start'] })
    await taken.stop(true)
  })
})

test.skipIf(!existsSync('/dev/full'))(
  'a service whose log goes to a full disk loses the lines and goes on',
  async () => {
    const [port = 0] = freePorts(1)
    const one = spawn({ PORT: String(port) }, Bun.file('/dev/full'))
    const reach = (path: string) => fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined)
    // Each answer to /nowhere is a line of its log.
    for (let answers = 0; answers < 5 && one.child.exitCode === null; await Bun.sleep(10))
      if ((await reach('/nowhere')) !== undefined) answers++
    expect((await reach('/health'))?.status).toBe(200)
    expect(one.child.exitCode).toBeNull()
  },
)

describe('a service that breaks', () => {
  for (const path of ['/crash', '/reject'])
    test(`by what nobody caught (${path}) says so in its log and exits 1`, async () => {
      const one = spawn()
      await fetch(`${await one.url()}${path}`).catch(() => {})
      const { code, stderr, events } = await one.end()
      expect([code, stderr, events.at(-1)]).toEqual([1, '', 'crashed'])
      expect(one.lines.at(-1)).toMatchObject({ level: 'error', error: expect.stringContaining('by nobody') })
    })
})
