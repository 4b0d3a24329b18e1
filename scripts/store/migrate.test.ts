import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { plainStyle } from '#common/cli/style'
import { requireSchema } from '#common/store/migrations/require-schema'
import type { Migration } from '#common/store/schema'
import { sqliteStore } from '#common/store/sqlite'
import type { Store } from '#common/store/store'
import {
  countAge,
  forgetAge,
  peopleIn,
  peopleWith,
  plantPeople,
  renameName,
} from '#common/testing/migrations-contract-schema'
import { invoke } from '../cli/run-command.ts'
import type { Schemas } from '../derive/store-schemas.ts'
import { type Home, homeAt } from '../platform/home.ts'
import { homeMark } from '../platform/leftovers.ts'
import { takeLock } from '../platform/lock.ts'
import { command } from './migrate.ts'
import { runMigrate } from './run-migrate.ts'

/** Planted schemas under names of the catalogue; everything else is the command as it is. */

const root = mkdtempSync(join(tmpdir(), 'lucid-migrate-command-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const START = Date.UTC(2026, 0, 2, 3, 4, 5)
let homes = 0
let home: Home
beforeEach(() => {
  home = homeAt(join(root, `${homes++}`))
})

const all = [renameName, countAge, forgetAge]
const schemas: Schemas = {
  'session-recorder': peopleWith(renameName, countAge),
  'merkle-builder': peopleWith(),
  'session-encryptor': peopleWith(...all),
}

const fileOf = (service: string) => join(home.data(service), 'store.sqlite')
const using = async <R>(service: string, work: (store: Store) => Promise<R>): Promise<R> => {
  const store = sqliteStore({ path: fileOf(service) })
  return work(store).finally(() => store.close())
}
const now = () => START
const plant = (service: string) => using(service, (store) => plantPeople(store, 3))
const begin = (service: string, ...migrations: readonly Migration[]) =>
  using(service, (store) => requireSchema(store, peopleWith(...migrations), { now, version: '1.0.0' }))

const session = async (argv: readonly string[], planted: Schemas = schemas) => {
  const written = { out: '', err: '' }
  const code = await invoke(
    command,
    argv,
    (invocation) =>
      runMigrate(invocation, { home, ambient: {}, schemas: planted, now, version: '2.0.0', style: plainStyle }),
    {
      out: (text) => {
        written.out += text
      },
      err: (text) => {
        written.err += text
      },
    },
  )
  return { code, ...written }
}

describe('$ migrate --status', () => {
  test('shows each store as it stands, exits 1 while something is to do, and makes nothing', async () => {
    await plant('session-recorder')
    await begin('session-encryptor', ...all)
    expect(await session(['--status'])).toEqual({
      code: 1,
      out: `SERVICE            VERSION  CODE  APPLIED               BY     STATE
session-recorder         0     2  -                     -      2 pending
merkle-builder           -     0  -                     -      not there yet
session-encryptor        3     3  2026-01-02 03:04:05Z  1.0.0  current
1 of 3 stores not at this release's version
`,
      err: 'session-recorder: the store is at version 0 and this release needs 2: stop the platform, then bun run migrate\n',
    })
    expect(readdirSync(join(home.root, 'data')).toSorted()).toEqual(['session-encryptor', 'session-recorder'])
  })

  test('exits 0 when every store is at the version of the release', async () => {
    await begin('session-encryptor', ...all)
    const { code, out, err } = await session(['--status', '--service', 'session-encryptor'])
    expect({ code, err, lines: out.split('\n').slice(1) }).toEqual({
      code: 0,
      err: '',
      lines: ['session-encryptor        3     3  2026-01-02 03:04:05Z  1.0.0  current', '1 store, none to migrate', ''],
    })
  })

  test('shows stores that are newer, half-migrated, and that cannot be read', async () => {
    await begin('session-recorder', ...all)
    await plant('session-encryptor')
    const broken = { ...renameName, up: () => Promise.reject(new Error('the power is gone')) }
    const half = { 'session-encryptor': peopleWith(broken) }
    expect((await session([], half)).code).toBe(1)
    mkdirSync(dirname(fileOf('merkle-builder')), { recursive: true })
    writeFileSync(fileOf('merkle-builder'), 'no database'.repeat(1000))
    const { code, out } = await session(['--status'])
    expect({ code, lines: out.split('\n').slice(1, 4) }).toEqual({
      code: 1,
      lines: [
        'session-recorder         3     2  2026-01-02 03:04:05Z  1.0.0  newer',
        'merkle-builder           -     0  -                     -      unreadable',
        'session-encryptor        0     3  2026-01-02 03:04:05Z  2.0.0  half-migrated: up 1 rename-fullname',
      ],
    })
  })

  test('works while the platform runs', async () => {
    await begin('session-encryptor', ...all)
    const lock = takeLock(home)
    expect((await session(['--status'])).code).toBe(0)
    lock?.release()
  })

  test('--json prints one object', async () => {
    await plant('session-recorder')
    const { code, out } = await session(['--status', '--json', '--service', 'session-recorder'])
    expect({ code, report: JSON.parse(out) }).toEqual({
      code: 1,
      report: {
        home: home.root,
        ok: false,
        services: [
          {
            service: 'session-recorder',
            standing: 'old',
            version: 0,
            code: 2,
            applied_at: null,
            applied_by: null,
            pending: ['1 rename-fullname', '2 age-to-number'],
            in_progress: null,
            advice: 'the store is at version 0 and this release needs 2: stop the platform, then bun run migrate',
          },
        ],
      },
    })
  })
})

describe('$ migrate', () => {
  test('brings every store that is there to the version of the release', async () => {
    await plant('session-recorder')
    await begin('session-encryptor', ...all)
    expect(await session([])).toEqual({
      code: 0,
      out: `SERVICE            VERSION  CODE  APPLIED               BY     STATE
session-recorder         2     2  2026-01-02 03:04:05Z  2.0.0  current
merkle-builder           -     0  -                     -      not there yet
session-encryptor        3     3  2026-01-02 03:04:05Z  1.0.0  current
`,
      err: `session-recorder  up 1 rename-fullname
session-recorder  up 1 rename-fullname: done
session-recorder  up 2 age-to-number
session-recorder  up 2 age-to-number: done
`,
    })
    expect(await using('session-recorder', peopleIn)).toContainEqual({ id: 'p00002', name: 'Person 2', age: 2 })
    const second = await session(['--json'])
    expect(JSON.parse(second.out)).toMatchObject({
      ok: true,
      error: null,
      done: [
        { service: 'session-recorder', from: 2, to: 2, steps: [] },
        { service: 'session-encryptor', from: 3, to: 3, steps: [] },
      ],
    })
  })

  test('--dry-run prints the migrations that would run, and runs none', async () => {
    await plant('session-recorder')
    const before = await using('session-recorder', peopleIn)
    expect(await session(['--dry-run'])).toEqual({
      code: 0,
      out: 'session-recorder  up 1 rename-fullname\nsession-recorder  up 2 age-to-number\n',
      err: '',
    })
    expect(await using('session-recorder', peopleIn)).toEqual(before)
    const { out } = await session(['--dry-run', '--json', '--to', '1', '--service', 'session-recorder'])
    expect(JSON.parse(out).plan).toEqual([
      { service: 'session-recorder', steps: [{ version: 1, name: 'rename-fullname', direction: 'up', again: false }] },
    ])
  })

  test('--to and --down move one service', async () => {
    await plant('session-recorder')
    await plant('session-encryptor')
    const own = ['--service', 'session-recorder']
    expect((await session(['--to', '1', ...own])).code).toBe(0)
    expect((await session(own)).code).toBe(0)
    expect((await session(['--down', ...own])).err).toContain('session-recorder  down 2 age-to-number: done\n')
    expect((await session(['--down', '--to', '0', ...own])).code).toBe(0)
    expect(await using('session-recorder', peopleIn)).toContainEqual({
      id: 'p00002',
      fullname: 'Person 2',
      age_text: '2',
    })
    expect(await using('session-encryptor', peopleIn)).toContainEqual({
      id: 'p00002',
      fullname: 'Person 2',
      age_text: '2',
    })
  })

  test('says of which service a refusal is, and does nothing', async () => {
    await plant('session-encryptor')
    await session([])
    const { code, err } = await session(['--down', '--service', 'session-encryptor'])
    expect({ code, err }).toEqual({
      code: 1,
      err: "migrate: session-encryptor: migration 3 'forget-age' cannot be undone: restore the snapshot taken before the upgrade\n",
    })
  })

  test('stops at the first failure, shows how all stand, and finishes when it is run again', async () => {
    await plant('session-recorder')
    await plant('session-encryptor')
    const broken = { ...countAge, up: () => Promise.reject(new Error('no space')) }
    const failed = await session(['--json'], { ...schemas, 'session-recorder': peopleWith(renameName, broken) })
    expect({ code: failed.code, report: JSON.parse(failed.out) }).toMatchObject({
      code: 1,
      report: {
        ok: false,
        error:
          "session-recorder: migration 2 'age-to-number' failed on its way up: no space; the same command runs it again from its beginning",
        services: [
          { standing: 'half-migrated', version: 1, in_progress: 'up 2 age-to-number' },
          { standing: 'not there yet' },
          { standing: 'old' },
        ],
      },
    })
    const again = await session([])
    expect(again.code).toBe(0)
    expect(again.err).toStartWith('session-recorder  up 2 age-to-number (again from its beginning)\n')
  })

  test('refuses while the platform runs, and while services outlive their supervisor', async () => {
    await plant('session-recorder')
    const lock = takeLock(home)
    const running = `migrate: the platform of ${home.root} is running, and its services use their stores: bun run down stops it\n`
    for (const argv of [[], ['--dry-run'], ['--down', '--service', 'session-recorder']])
      expect(await session(argv)).toEqual({ code: 1, out: '', err: running })
    lock?.release()
    const living = 'console.log(1); setInterval(() => {}, 1000)'
    const child = Bun.spawn([process.execPath, '-e', living, homeMark(home)], { stdout: 'pipe' })
    try {
      // Until it has spoken it may not carry its own command line yet.
      expect((await child.stdout.getReader().read()).value).toBeDefined()
      expect((await session([])).err).toEndWith('use their stores: bun run down ends them\n')
    } finally {
      child.kill('SIGKILL')
      await child.exited
    }
    expect((await session([])).code).toBe(0)
  })

  test.each([
    [['--down'], 'every service counts its own versions: --down needs --service S'],
    [['--to', '1'], 'every service counts its own versions: --to needs --service S'],
    [['--status', '--dry-run'], '--status changes nothing: give it alone'],
    [['--to', 'one', '--service', 'session-recorder'], "--to does not take 'one': use a version, 0 or more"],
  ])('%j is a mistake said in one line', async (argv, message) => {
    expect(await session(argv)).toEqual({ code: 64, out: '', err: `migrate: ${message} (bun run migrate --help)\n` })
  })
})

test('$ bun scripts/store/migrate.ts --status --json tells of every service with a store', async () => {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'migrate.ts'), '--status', '--json'], {
    env: { ...process.env, LUCID_HOME: home.root },
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const report = JSON.parse(await new Response(child.stdout).text())
  expect({ code: await child.exited, ok: report.ok }).toEqual({ code: 0, ok: true })
  const standings = new Set(report.services.map((row: { standing: string }) => row.standing))
  expect(standings).toEqual(new Set(['not there yet']))
  expect(report.services.map((row: { service: string }) => row.service)).toContain('session-recorder')
})
