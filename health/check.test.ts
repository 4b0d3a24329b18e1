import { afterAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Listed } from '../services/common/host/watch/expected.ts'
import { deadPort, serve } from '../services/common/testing/health-servers.ts'
import { check } from './check.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-health-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let made = 0
const freshHome = () => {
  const home = join(folder, `${made++}`)
  mkdirSync(join(home, 'run'), { recursive: true })
  return home
}

const run = async (
  listed: Listed,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  stdin = '',
  now = 1_000,
) => {
  const written = { out: '', err: '' }
  const code = await check({
    listed,
    stock: {},
    argv,
    env: { LUCID_MOUNT_PATH: join(folder, 'no-platform'), ...env },
    stdin: async () => stdin,
    colour: false,
    now: () => now,
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
    writeFileSync(join(home, 'run', 'platform.json'), JSON.stringify({ pid, services: { alpha: { url: alpha.url } } }))
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
    changes: [{ subject: 'alpha', from: 'unseen', to: 'bad', detail: 'nothing listens there' }],
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
  expect(lines.map((line) => JSON.parse(line).event)).toEqual(['state-changed', 'counted', 'webhook-told'])
})

describe('facts that somebody gathered', () => {
  /** A host with one container; all other things that facts.sh prints are missing. */
  const facts = (state: string, restarts: number, more: readonly string[] = []) => {
    const container = { id: 'a'.repeat(64), name: '/alpha', project: 'lucid-sessions', service: 'alpha' }
    return [
      '== facts',
      ' 1',
      '== engine',
      ' {"version":"28","root":"/var/lib/docker","memoryLimit":true}',
      '== containers',
      ' listed 1',
      ` ${JSON.stringify({ ...container, status: state, exitCode: 3, restarts })}`,
      ...more,
      '== end',
    ].join('\n')
  }

  test('are judged with the answers: all well 0, bad 1, only warnings 2', async () => {
    await using alpha = serve('healthy')
    const home = freshHome()
    const ask = (text: string) => run(alphaAt(alpha.port), ['--facts', '-', '--quiet'], { LUCID_HOME: home }, text)
    expect(await ask(facts('running', 1))).toEqual({ code: 0, out: '', err: '' })
    expect(await ask(facts('running', 3))).toEqual({
      code: 2,
      out: 'WARN     restarts:alpha: the engine restarted it 2 times since the last check, 3 in all  ->  docker logs --tail 200 alpha\n',
      err: '',
    })
    expect(await ask(facts('running', 3))).toMatchObject({ code: 0, out: '' })
    expect(await ask(facts('restarting', 9))).toMatchObject({ code: 1, out: expect.stringMatching(/^BAD {6}alpha: /) })
    const log = readFileSync(join(home, 'logs', 'health.log'), 'utf8')
    const changes = log
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ event, from }) => event === 'state-changed' && from !== 'unseen')
      .map(({ subject, from, to }) => `${subject} ${from} ${to}`)
    expect(changes).toEqual(['restarts:alpha ok warn', 'restarts:alpha warn ok', 'alpha ok bad'])
  })

  test('come from a file too', async () => {
    await using alpha = serve('healthy')
    const file = join(freshHome(), 'facts.txt')
    writeFileSync(file, facts('running', 0))
    const { code, out } = await run(alphaAt(alpha.port), ['--facts', file], { LUCID_HOME: freshHome() })
    expect(code).toBe(0)
    expect(out).toContain("3 of 3 of the host's own well")
  })

  test('that are not there or are something else are not well, whatever the services say', async () => {
    await using alpha = serve('healthy')
    for (const [argv, stdin] of [
      [['--facts', join(folder, 'none')], ''],
      [['--facts', '-'], ''],
      [['--facts', '-'], '<html>'],
    ] as const) {
      const { code, out } = await run(alphaAt(alpha.port), argv, { LUCID_HOME: freshHome() }, stdin)
      expect(code).toBe(2)
      expect(out).toContain('UNKNOWN  facts:host: the host could not be asked: ')
    }
  })

  test('nobody asked for are said not to be there', async () => {
    await using alpha = serve('healthy')
    const { out } = await run(alphaAt(alpha.port), [], { LUCID_HOME: freshHome() })
    expect(out).toContain(
      `NOT ASKED: engine facts (no platform in ${join(folder, 'no-platform')}; --dir names another folder)`,
    )
  })
})

test('metrics are written whole, in a folder that is made for them; a failure is said', async () => {
  await using alpha = serve('healthy')
  const home = freshHome()
  const file = join(home, 'metrics', 'lucid.prom')
  await run(alphaAt(alpha.port), ['--prometheus', file], { LUCID_HOME: home })
  expect(readFileSync(file, 'utf8')).toContain('\nlucid_service_up{service="alpha",stack="sessions"} 1\n')
  expect(readdirSync(join(home, 'metrics'))).toEqual(['lucid.prom'])
  const failed = await run(alphaAt(alpha.port), ['--prometheus', join(file, 'x')], { LUCID_HOME: home })
  expect(failed.code).toBe(0)
  expect(failed.err).toContain('could not be written')
})

test('a log that cannot be written is said, and the check is still reported', async () => {
  await using alpha = serve('healthy')
  const file = join(freshHome(), 'a-file')
  writeFileSync(file, '')
  const { code, err } = await run(alphaAt(alpha.port), [], { LUCID_HOME: freshHome(), HEALTH_LOG: join(file, 'log') })
  expect(code).toBe(0)
  expect(err).toContain('were not passed on')
})

test('a wrong command line exits 64 and names the flags there are; --help says what it does', async () => {
  const wrong = await run({}, ['--stak', 'core'], {})
  expect(wrong.code).toBe(64)
  expect(wrong.err).toContain('known flags: --dir, --facts, --stack, --json, --quiet, --prometheus, --help')
  const stack = await run({}, ['--stack', 'money'], {})
  expect(stack.code).toBe(64)
  expect(stack.err).toContain('core, sessions, blockchain, integration')
  const help = await run({}, ['--help'], {})
  expect(help.code).toBe(0)
  expect(help.out).toContain('HEALTH_WEBHOOK')
})

test('as a program in a pipe it prints plain text and exits 1 when nothing runs there', async () => {
  const home = freshHome()
  const program = Bun.spawn([process.execPath, join(import.meta.dir, 'check.ts'), '--json', '--stack', 'core'], {
    env: { ...process.env, LUCID_HOME: home, LUCID_MOUNT_PATH: home },
    stdout: 'pipe',
    stderr: 'ignore',
  })
  expect(JSON.parse(await new Response(program.stdout).text())).toMatchObject({ services: expect.any(Array) })
  expect(await program.exited).toBeOneOf([0, 1])
})

test('a clock that was set since the last check is noticed, once', async () => {
  await using alpha = serve('healthy')
  const env = { LUCID_HOME: freshHome() }
  const checkAt = (now: number) => run(alphaAt(alpha.port), ['--stack', 'sessions'], env, '', now)
  const now = Date.now()
  expect(await checkAt(now)).toMatchObject({ code: 0 })
  const { code, out } = await checkAt(now - 600_000)
  expect(code).not.toBe(0)
  expect(out).toMatch(/clock:machine.*set back by 10/)
  expect(await checkAt(Date.now() - 600_000)).toMatchObject({ code: 0 })
})
