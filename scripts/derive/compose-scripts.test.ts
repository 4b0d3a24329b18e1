import { afterAll, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The two shell scripts of compose/mongo, run as the container runs them, against a TCP server of ours. */

const bash = Bun.which('bash')
if (bash === null) console.log('NOT RUN: bash is not installed (health check and start of the database)')
const scripts = join(import.meta.dir, '..', '..', 'compose', 'mongo')
const folder = mkdtempSync(join(tmpdir(), 'lucid-mongo-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}

/** BSON of a document of booleans and strings (bsonspec.org). */
const bson = (fields: Readonly<Record<string, boolean | string>>): Buffer => {
  const elements = Object.entries(fields).map(([name, value]) =>
    typeof value === 'boolean'
      ? Buffer.concat([Buffer.from(`\x08${name}\0`), Buffer.of(Number(value))])
      : Buffer.concat([Buffer.from(`\x02${name}\0`), int32(value.length + 1), Buffer.from(`${value}\0`)]),
  )
  const body = Buffer.concat([...elements, Buffer.of(0)])
  return Buffer.concat([int32(body.length + 4), body])
}

/** An OP_MSG with one document, as mongod replies. */
const message = (document: Buffer): Buffer => {
  const rest = Buffer.concat([int32(1), int32(1), int32(2013), int32(0), Buffer.of(0), document])
  return Buffer.concat([int32(rest.length + 4), rest])
}

const hello = (isWritablePrimary: boolean, secondary: boolean) =>
  message(bson({ me: 'lucid_mongo:27017', isWritablePrimary, secondary }))

/** Runs the health check against a server that gives `answer`, in pieces, and then hangs up unless it `holds`. */
const check = async (
  answer: readonly Uint8Array[],
  { role = [], holds = false }: { readonly role?: readonly string[]; readonly holds?: boolean } = {},
) => {
  const asked: Buffer[] = []
  const server = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      data: async (socket, data) => {
        asked.push(Buffer.from(data))
        if (Buffer.concat(asked).length < 52) return
        for (const piece of answer) {
          socket.write(piece)
          socket.flush()
          await Bun.sleep(5)
        }
        if (!holds) socket.end()
      },
    },
  })
  try {
    const run = Bun.spawn([bash ?? '', join(scripts, 'health.sh'), ...role], {
      env: { PATH: process.env['PATH'] ?? '', MONGO_PORT: String(server.port) },
      stdio: ['ignore', 'ignore', 'ignore'],
    })
    return { code: await run.exited, asked: Buffer.concat(asked) }
  } finally {
    server.stop(true)
  }
}

const withBash = test.skipIf(bash === null)

withBash('the health check asks hello on the admin database, once', async () => {
  const { asked } = await check([hello(true, false)])
  const document = Buffer.concat([
    ...[Buffer.from('\x10hello\0'), int32(1), Buffer.from('\x02$db\0'), int32(6), Buffer.from('admin\0\0')],
  ])
  expect(asked).toEqual(
    Buffer.concat([
      ...[int32(52), int32(1), int32(0), int32(2013), int32(0), Buffer.of(0)],
      ...[int32(document.length + 4), document],
    ]),
  )
})

withBash('a primary is well, also when its answer comes in pieces and the connection stays open', async () => {
  const reply = hello(true, false)
  expect((await check([reply])).code).toBe(0)
  const pieces = [reply.subarray(0, 3), reply.subarray(3, 30), reply.subarray(30)]
  expect((await check(pieces, { holds: true })).code).toBe(0)
})

withBash('a secondary is well only where members are asked for', async () => {
  expect((await check([hello(false, true)])).code).toBe(1)
  expect((await check([hello(false, true)], { role: ['member'] })).code).toBe(0)
  expect((await check([hello(true, false)], { role: ['member'] })).code).toBe(0)
})

withBash('neither primary nor secondary is not well: a set that was not initiated, or has no majority', async () => {
  expect((await check([hello(false, false)])).code).toBe(1)
  expect((await check([hello(false, false)], { role: ['member'] })).code).toBe(1)
})

withBash('silence, half an answer, garbage and absurd lengths are not well', async () => {
  const reply = hello(true, false)
  const answers: readonly Buffer[] = [
    Buffer.alloc(0),
    reply.subarray(0, 2),
    reply.subarray(0, reply.length - 1),
    Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
    Buffer.alloc(64, 0xff),
    Buffer.alloc(64),
    Buffer.concat([int32(2 ** 30), reply.subarray(4)]),
  ]
  for (const answer of answers) expect((await check([answer])).code).toBe(1)
  expect((await check([], { holds: true })).code).toBe(1)
})

withBash('a port where nobody listens is not well', async () => {
  const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {} } })
  const { port } = server
  server.stop(true)
  const run = Bun.spawn([bash ?? '', join(scripts, 'health.sh')], {
    env: { PATH: process.env['PATH'] ?? '', MONGO_PORT: String(port) },
    stdio: ['ignore', 'ignore', 'ignore'],
  })
  expect(await run.exited).toBe(1)
})

const start = async (secret: string, ...command: readonly string[]) => {
  const own = join(folder, crypto.randomUUID())
  const run = Bun.spawn([bash ?? '', join(scripts, 'start.sh'), ...command], {
    env: { PATH: process.env['PATH'] ?? '', SECRET_KEYFILE: secret, OWN_KEYFILE: own },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err] = await Promise.all([new Response(run.stdout).text(), new Response(run.stderr).text()])
  return { code: await run.exited, out, err, own }
}

withBash('the start gives mongod a key file of its own, closed to others, and becomes mongod', async () => {
  const secret = join(folder, 'KEYFILE')
  writeFileSync(secret, 'ab\n')
  chmodSync(secret, 0o644)
  const { code, out, own } = await start(secret, 'echo', 'mongod', '--replSet', 'rs0')
  expect({ code, out }).toEqual({ code: 0, out: 'mongod --replSet rs0\n' })
  expect(readFileSync(own, 'utf8')).toBe('ab\n')
  expect(statSync(own).mode & 0o777).toBe(0o400)
})

withBash('without its key mongod is not started, and the reason is said', async () => {
  const { code, out, err, own } = await start(join(folder, 'absent'), 'echo', 'mongod')
  expect({ code, out }).toEqual({ code: 78, out: '' })
  expect(err).toContain('absent is missing or closed to uid')
  expect(existsSync(own)).toBe(false)
})
