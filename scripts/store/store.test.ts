import { afterAll, expect, test } from 'bun:test'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { homeAt } from '../platform/home.ts'
import { takeLock } from '../platform/lock.ts'
import { fileIn, fillHome, someContents } from './fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-store-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let made = 0
const fresh = () => join(folder, `${made++}`)

const source = fresh()
await fillHome(source, someContents(120))

const store = async (...args: readonly string[]) => {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'store.ts'), ...args], {
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  // A slow machine gets lines of progress, which say nothing of the outcome.
  return { out, err: err.replaceAll(/^(?:copying|verifying) .*\n/gm, ''), code }
}
const copy = (from: string, to: string, ...more: readonly string[]) =>
  store('copy', '--from', from, '--to', to, ...more)

type Json = { equal: boolean; collections: { collection: string; copied: number; from: { hash: string } }[] }
const json = (out: string): Json => JSON.parse(out)

test('$ store copy, there and back, store verify: every service, equal hashes, exit 0', async () => {
  const [there, back] = [fresh(), fresh()]
  const first = await copy(`sqlite:${source}`, `sqlite:${there}`, '--json')
  const second = await copy(`sqlite:${there}`, `sqlite:${join(back, 'data')}`, '--json')
  expect([first.code, first.err, second.code, second.err]).toEqual([0, '', 0, ''])
  const [a, b] = [json(first.out), json(second.out)]
  expect(a.equal).toBe(true)
  expect(a.collections.map(({ from }) => from.hash)).toEqual(b.collections.map(({ from }) => from.hash))
  expect(a.collections.reduce((sum, { copied }) => sum + copied, 0)).toBe(1 + 120 + 6 + 2 + 1)

  const verified = await store('verify', '--from', `sqlite:${source}`, '--to', `sqlite:${back}/data`)
  expect(verified).toMatchObject({ code: 0, err: '' })
  const lines = verified.out.split('\n').filter((line) => line.includes('merkle_trees'))
  expect(lines).toEqual([expect.stringMatching(/^merkle-builder +merkle_trees +2 +10\.5 MiB +0 +[0-9a-f]{16} +equal$/)])
})

test('$ store copy --dry-run: says what would be done and makes nothing', async () => {
  const to = fresh()
  const { code, out } = await copy(`sqlite:${source}`, `sqlite:${to}`, '--dry-run')
  expect(code).toBe(0)
  expect(out).toMatch(/^session-encryptor +encryptor_chunks +120 +0 +120 +copy$/m)
  expect(existsSync(to)).toBe(false)
})

test('$ store copy --service: one file to one file, and nothing else', async () => {
  const to = join(fresh(), 'encryptor.sqlite')
  const from = fileIn(source, 'session-encryptor')
  const { code, err } = await copy(`sqlite:${from}`, `sqlite:${to}`, '--service', 'session-encryptor')
  expect([code, err]).toEqual([0, ''])
  // Readers of a WAL file leave an empty log beside it.
  const kept = readdirSync(join(to, '..')).filter((name) => !/-(wal|shm)$/.test(name))
  expect(kept).toEqual(['encryptor.sqlite'])
})

test('$ store verify: a tampered document is named, exit 1', async () => {
  const to = fresh()
  await copy(`sqlite:${source}`, `sqlite:${to}`)
  const { Database } = await import('bun:sqlite')
  const db = new Database(fileIn(to, 'blockchain-vm'))
  db.run("UPDATE c_nodes SET body = replace(body, 'AAAA', 'AAAB')")
  db.close()
  const { code, out } = await store('verify', '--from', `sqlite:${source}`, '--to', `sqlite:${to}`)
  expect(code).toBe(1)
  expect(out.trimEnd().split('\n').at(-1)).toBe(
    'blockchain-vm nodes: 1 document differs, first "ff", which is not the same on both sides',
  )
})

test('a target that holds anything else is refused before any service is copied', async () => {
  const to = fresh()
  await fillHome(to, { 'blockchain-vm': { nodes: [{ id: 'aa', rev: 1, value: 'BBBB' } as never] } })
  const before = readdirSync(join(to, 'data')).toSorted()
  const { code, out, err } = await copy(`sqlite:${source}`, `sqlite:${to}`)
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toBe(
    `store: blockchain-vm in sqlite:${to} is not copied into: nodes holds 1 documents that no copy brought there\n`,
  )
  expect(readdirSync(join(to, 'data')).toSorted()).toEqual(before)
})

test('neither end may be running', async () => {
  const [running, other] = [fresh(), fresh()]
  cpSync(source, running, { recursive: true })
  const lock = takeLock(homeAt(running))
  const text = `store: the platform of ${running} is running, and its services use their stores: bun run down stops it\n`
  const tries = [
    copy(`sqlite:${running}`, `sqlite:${other}`),
    copy(`sqlite:${running}/data`, `sqlite:${other}`),
    copy(`sqlite:${fileIn(running, 'blockchain-vm')}`, `sqlite:${other}`, '--service', 'blockchain-vm'),
    copy(`sqlite:${source}`, `sqlite:${running}`),
  ]
  for (const tried of await Promise.all(tries)) expect(tried).toEqual({ code: 1, out: '', err: text })
  lock?.release()
})

test('bad input gets one line that says what is wrong', async () => {
  const at = fresh()
  mkdirSync(join(at, 'empty'), { recursive: true })
  writeFileSync(join(at, 'text'), 'this is a letter, not a database')
  const one = ['--service', 'blockchain-vm'] as const
  const to = `sqlite:${join(at, 'to')}`
  const table: readonly (readonly [readonly string[], number, string])[] = [
    [['copy', '--from', `sqlite:${at}/gone`, '--to', to], 1, `there is no ${at}/gone`],
    [['copy', '--from', `sqlite:${at}/empty`, '--to', to], 1, `${at}/empty holds no store: give a state folder`],
    [['copy', '--from', `sqlite:${at}/text`, '--to', to], 64, `${at}/text is one file: say with --service`],
    [['copy', '--from', `sqlite:${at}/text`, '--to', to, ...one], 1, `${at}/text is no SQLite database`],
    [['copy', '--from', `sqlite:${source}`, '--to', `sqlite:${source}`], 64, 'both locations are the same place'],
    [['copy', '--from', 'redis://u:hunter2@db', '--to', to], 64, '--from: a location is sqlite:PATH'],
    [['copy', '--from', 'mongodb://u:hun@ter2@db', '--to', to], 64, '--from: a user name or password'],
    [['copy', '--to', to], 64, '--from LOCATION is required'],
    [['move', '--from', to, '--to', to], 64, "WHAT does not take 'move': use copy, verify"],
    [['verify', '--from', to, '--to', to, '--dry-run'], 64, '--dry-run is for copy'],
  ]
  const tried = await Promise.all(table.map(([args]) => store(...args)))
  for (const [i, [args, code, text]] of table.entries()) {
    expect([args, tried[i]?.code, tried[i]?.err]).toEqual([args, code, expect.stringContaining(`store: ${text}`)])
    expect(tried[i]?.err.trimEnd()).not.toContain('\n')
    expect(`${tried[i]?.out}${tried[i]?.err}`).not.toMatch(/hunter2|ter2/)
  }
  expect(existsSync(join(at, 'to'))).toBe(false)
})

test('a server that cannot be reached is exit 2, and its password stays unsaid', async () => {
  const { code, out, err } = await copy('mongodb://admin:hunter2@127.0.0.1:1/lucid', `sqlite:${fresh()}`)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toMatch(/^store: .*does not answer.*\n$/)
  expect(err).not.toMatch(/hunter2|admin/)
}, 60_000)
