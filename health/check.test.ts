import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deadPort, serve } from '../services/common/testing-health.ts'
import { check } from './check.ts'
import type { Listed } from './target.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-health-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let made = 0
const freshHome = () => {
  const home = join(folder, `${made++}`)
  mkdirSync(join(home, 'run'), { recursive: true })
  return home
}

const run = async (listed: Listed, argv: readonly string[], env: Readonly<Record<string, string>>) => {
  const written = { out: '', err: '' }
  const code = await check({
    listed,
    argv,
    env,
    colour: false,
    now: () => 1_000,
    out: (text) => {
      written.out += text
    },
    err: (text) => {
      written.err += text
    },
  })
  return { code, ...written }
}

const alphaAt = (hostPort: number): Listed => ({ alpha: { stack: 'sessions', hostPort } })

test('all healthy exits 0', async () => {
  await using alpha = serve('healthy')
  const { code, out, err } = await run(alphaAt(alpha.port), [], { LUCID_HOME: freshHome() })
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toContain('1 of 1 healthy')
})

test('one that is not healthy exits 1 and is named, with the reason', async () => {
  await using alpha = serve('healthy')
  const listed: Listed = { ...alphaAt(alpha.port), beta: { stack: 'blockchain', hostPort: await deadPort() } }
  const { code, out } = await run(listed, ['--json'], { LUCID_HOME: freshHome() })
  expect(code).toBe(1)
  expect(JSON.parse(out)).toMatchObject({
    ok: false,
    services: [
      { name: 'alpha', state: 'healthy' },
      { name: 'beta', state: 'unreachable', detail: 'nothing listens there' },
    ],
  })
})

test('a chosen stack is all that is asked; a stack without services is not well', async () => {
  await using alpha = serve('healthy')
  const listed: Listed = { ...alphaAt(alpha.port), beta: { stack: 'blockchain', hostPort: await deadPort() } }
  expect((await run(listed, ['--stack', 'sessions'], { LUCID_HOME: freshHome() })).code).toBe(0)
  const none = await run(listed, ['--stack', 'core'], { LUCID_HOME: freshHome() })
  expect(none.code).toBe(1)
  expect(none.err).toContain('lists no service there')
})

test('the running platform says where its services listen; the record of one that is gone does not', async () => {
  await using alpha = serve('healthy')
  const home = freshHome()
  const record = (pid: number) =>
    writeFileSync(
      join(home, 'run', 'platform.json'),
      JSON.stringify({ pid, services: { alpha: { url: alpha.url } } }),
    )
  const listed = alphaAt(await deadPort())
  record(process.pid)
  expect((await run(listed, [], { LUCID_HOME: home })).code).toBe(0)
  const gone = Bun.spawn([process.execPath, '--version'], { stdout: 'ignore' })
  await gone.exited
  record(gone.pid)
  expect((await run(listed, [], { LUCID_HOME: home })).code).toBe(1)
})

test('state changes are logged once and posted to the webhook, again until it takes them', async () => {
  const posted: unknown[] = []
  let status = 500
  await using hook = {
    server: Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: async (request) => {
        posted.push(await request.json())
        return new Response('', { status })
      },
    }),
    [Symbol.asyncDispose]: () => hook.server.stop(true),
  }
  const env = { LUCID_HOME: freshHome(), HEALTH_WEBHOOK: `http://127.0.0.1:${hook.server.port}/` }
  const dead = alphaAt(await deadPort())
  const message = {
    source: 'lucid-health',
    checked_at: 1_000,
    changes: [{ subject: 'alpha', from: 'unknown', to: 'unreachable', detail: 'nothing listens there' }],
  }
  const refused = await run(dead, [], env)
  expect(refused.code).toBe(1)
  expect(refused.err).toContain('status 500')
  status = 204
  expect((await run(dead, [], env)).err).toBe('')
  expect((await run(dead, [], env)).err).toBe('')
  expect(posted).toEqual([message, message])
  const lines = readFileSync(join(env.LUCID_HOME, 'logs', 'health.log'), 'utf8')
    .trim()
    .split('\n')
  expect(lines.map((line) => JSON.parse(line).event)).toEqual(['state-changed', 'webhook-told'])
})

test('a log that cannot be written is said, and the check is still reported', async () => {
  await using alpha = serve('healthy')
  const file = join(freshHome(), 'a-file')
  writeFileSync(file, '')
  const { code, err } = await run(alphaAt(alpha.port), [], {
    LUCID_HOME: freshHome(),
    HEALTH_LOG: join(file, 'log'),
  })
  expect(code).toBe(0)
  expect(err).toContain('were not passed on')
})

test('a wrong command line exits 64 and names the flags there are; --help says what it does', async () => {
  const wrong = await run({}, ['--stak', 'core'], {})
  expect(wrong.code).toBe(64)
  expect(wrong.err).toContain('known flags: --stack, --json, --help')
  const stack = await run({}, ['--stack', 'money'], {})
  expect(stack.code).toBe(64)
  expect(stack.err).toContain('core, sessions, blockchain, integration')
  const help = await run({}, ['--help'], {})
  expect(help.code).toBe(0)
  expect(help.out).toContain('HEALTH_WEBHOOK')
})

test('as a program in a pipe it prints plain text and exits 1 when nothing runs there', async () => {
  const home = freshHome()
  const program = Bun.spawn(
    [process.execPath, join(import.meta.dir, 'check.ts'), '--json', '--stack', 'core'],
    {
      env: { ...process.env, LUCID_HOME: home },
      stdout: 'pipe',
      stderr: 'ignore',
    },
  )
  expect(JSON.parse(await new Response(program.stdout).text())).toMatchObject({ services: expect.any(Array) })
  expect(await program.exited).toBeOneOf([0, 1])
})
