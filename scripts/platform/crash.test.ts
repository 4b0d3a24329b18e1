import { afterEach, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { entryFile } from '../cli/entry.ts'
import { fixturePlatform, quick } from '../testing/platform/fixture-platform.ts'
import { homeMark } from './leftovers.ts'
import { isLocked } from './lock.ts'
import { bringUp } from './platform.ts'
import { isAlive, processesWith } from './process.ts'
import { readRecord } from './record.ts'

const linux = process.platform === 'linux'
const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

const fixture = () => {
  const made = fixturePlatform({ vault: { stack: 'sessions' }, ledger: { stack: 'blockchain' } })
  cleanups.push(made.remove)
  return made
}
type Fixture = ReturnType<typeof fixture>

/** `up` of the fixture in a process of its own, healthy. */
const upElsewhere = async ({ home, source }: Fixture) => {
  const child = Bun.spawn(
    [
      process.execPath,
      join(import.meta.dir, '..', 'testing', 'platform', 'fixture-up.ts'),
      home.root,
      JSON.stringify(source),
    ],
    { stdout: 'pipe', stderr: 'inherit' },
  )
  cleanups.push(async () => {
    child.kill('SIGTERM')
    await child.exited
  })
  const reader = child.stdout.getReader()
  const { value } = await reader.read()
  expect(new TextDecoder().decode(value)).toBe('ready\n')
  return child
}

const down = async ({ home }: Fixture, ...flags: readonly string[]) => {
  const child = Bun.spawn([process.execPath, entryFile('down'), ...flags], {
    env: { ...process.env, LUCID_HOME: home.root },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return { out, err, code }
}

const recordedPids = ({ home }: Fixture) => Object.values(readRecord(home)?.services ?? {}).map(({ pid }) => pid)

test('$ up, kill -9 of it, down: the services it left behind are ended', async () => {
  const made = fixture()
  const supervisor = await upElsewhere(made)
  const pids = recordedPids(made)
  supervisor.kill('SIGKILL')
  await supervisor.exited
  expect(pids).toHaveLength(2)
  expect(pids.every(isAlive)).toBe(true)
  expect(isLocked(made.home)).toBe(false)

  expect(await down(made)).toEqual({
    code: 0,
    out: 'cleaned up after a crash; ended 2 processes left behind\n',
    err: '',
  })
  expect(pids.filter(isAlive)).toEqual([])
  expect(readRecord(made.home)).toBeUndefined()
  expect(await down(made)).toEqual({ code: 0, out: `nothing was running in ${made.home.root}\n`, err: '' })
})

test('$ up, kill -9 of it, up: the next start ends them first, and says so', async () => {
  const made = fixture()
  const supervisor = await upElsewhere(made)
  const pids = recordedPids(made)
  supervisor.kill('SIGKILL')
  await supervisor.exited

  const platform = await bringUp({ ...made, ports: 'free', timing: quick, ambient: process.env })
  cleanups.push(() => platform.stop())
  expect(platform.recovered).toBe(2)
  expect(pids.filter(isAlive)).toEqual([])
  expect(readFileSync(made.home.log('platform'), 'utf8')).toContain('"event":"recovered","ended":2')
})

test.skipIf(!linux)('$ up, kill -9 before it recorded anything, down: found by their mark', async () => {
  const made = fixture()
  const supervisor = await upElsewhere(made)
  const pids = recordedPids(made)
  supervisor.kill('SIGKILL')
  await supervisor.exited
  writeFileSync(made.home.record, '{ "pid": 1, "half a rec')
  expect((await down(made, '--json')).out).toBe('{"outcome":"cleaned","services":0,"left_behind":2}\n')
  expect(pids.filter(isAlive)).toEqual([])
})

test('a recorded process id that now belongs to somebody else is left alone', async () => {
  const made = fixture()
  const stranger = Bun.spawn([process.execPath, '-e', 'setInterval(() => {}, 1000)'])
  cleanups.push(() => stranger.kill())
  mkdirSync(made.home.run, { recursive: true })
  const service = { port: 1, url: 'http://127.0.0.1:1', stack: 'sessions', started_at: 1, restarts: 0 }
  writeFileSync(
    made.home.record,
    JSON.stringify({
      pid: stranger.pid,
      started_at: 1,
      services: { vault: { ...service, pid: stranger.pid } },
      absent: {},
    }),
  )
  expect((await down(made, '--json')).out).toBe('{"outcome":"nothing","services":1,"left_behind":0}\n')
  expect(isAlive(stranger.pid)).toBe(true)
  expect(existsSync(made.home.record)).toBe(false)
})

test('$ down, from another terminal: the supervisor stops all and leaves with 0', async () => {
  const made = fixture()
  const supervisor = await upElsewhere(made)
  const pids = recordedPids(made)
  expect(await down(made)).toEqual({ code: 0, out: 'stopped 2 services\n', err: '' })
  expect(await supervisor.exited).toBe(0)
  expect(pids.filter(isAlive)).toEqual([])
  expect(processesWith(homeMark(made.home))).toEqual([])
})
