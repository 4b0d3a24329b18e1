import { afterEach, describe, expect, test } from 'bun:test'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { CliError } from '../cli/fail.ts'
import { type FixtureEntry, fixturePlatform, quick } from '../testing/platform/fixture-platform.ts'
import { isLocked } from './lock.ts'
import { bringUp, type PlatformOptions, type Prepared, prepare } from './platform.ts'
import { isAlive } from './process.ts'
import { readRecord } from './record.ts'
import type { View } from './unit-state.ts'

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

const three = {
  vault: { stack: 'sessions' },
  cutter: { stack: 'sessions', needs: ['vault'] },
  ledger: { stack: 'blockchain' },
} as const satisfies Record<string, FixtureEntry>

const options = (
  entries: Readonly<Record<string, FixtureEntry>>,
  more: Partial<PlatformOptions> = {},
): PlatformOptions & { readonly home: ReturnType<typeof fixturePlatform>['home'] } => {
  const { source, home, remove } = fixturePlatform(entries)
  cleanups.push(remove)
  return { ports: 'free', timing: quick, ambient: process.env, source, ...more, home }
}

const up = async (given: PlatformOptions): Promise<Prepared> => {
  const platform = await bringUp(given)
  cleanups.push(() => platform.stop())
  return platform
}

const pidOf = (platform: Prepared, name: string): number =>
  platform.views().find((view) => view.name === name)?.pid ?? 0

const failureOf = async (work: Promise<unknown>): Promise<CliError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof CliError) return error
  throw new Error(`expected a CliError, got ${error}`)
}

test('a disk that takes neither record nor log does not end the supervisor: it starts again what ended, and notes it when there is room', async () => {
  const given = options(three)
  const platform = await up(given)
  const { home } = given
  // A folder in a file's place refuses every write, as a full disk does.
  for (const path of [home.record, home.log('platform')]) {
    rmSync(path)
    mkdirSync(path)
  }
  const before = pidOf(platform, 'vault')
  await platform.kill('vault')
  await platform.healthy()
  const after = pidOf(platform, 'vault')
  expect(after).not.toBe(before)
  rmSync(home.record, { recursive: true })
  while (readRecord(home)?.services['vault']?.pid !== after) await Bun.sleep(20)
  expect(readdirSync(home.run).filter((name) => name.endsWith('.tmp'))).toEqual([])
})

describe('a start', () => {
  test('brings every service to healthy and records what runs', async () => {
    const given = options(three)
    const platform = await up(given)
    expect(platform.views().map(({ name, state }) => [name, state])).toEqual([
      ['vault', 'healthy'],
      ['cutter', 'healthy'],
      ['ledger', 'healthy'],
    ])
    const record = readRecord(given.home)
    expect(record?.pid).toBe(process.pid)
    expect(Object.keys(record?.services ?? {}).toSorted()).toEqual(['cutter', 'ledger', 'vault'])
    expect(record?.services['vault']).toMatchObject({
      pid: pidOf(platform, 'vault'),
      url: platform.urls['vault'],
      stack: 'sessions',
      restarts: 0,
    })
    expect((await fetch(`${platform.urls['vault']}/health`)).status).toBe(200)
  })

  test('begins a stage only when all of the stage before is healthy', async () => {
    const seen: (readonly View[])[] = []
    await up(options(three, { onChange: (views) => seen.push(views) }))
    const tooEarly = seen.filter(
      (views) =>
        views.some(({ stack, state }) => stack === 'blockchain' && state !== 'waiting') &&
        views.some(({ stack, state }) => stack === 'sessions' && state !== 'healthy'),
    )
    expect(tooEarly).toEqual([])
    const together = seen.some(
      (views) => views.filter(({ stack, state }) => stack === 'sessions' && state === 'starting').length === 2,
    )
    expect(together).toBe(true)
  })

  test('gives each process its own environment, with secrets by file', async () => {
    const platform = await up(options(three, { env: { cutter: { COLOUR: 'green' } } }))
    const env = await (await fetch(`${platform.urls['cutter']}/env`)).json()
    expect(env).toMatchObject({
      COLOUR: 'green',
      VAULT_URL: platform.urls['vault'],
      TOKEN_KEY_FILE: platform.home.secret('cutter', 'TOKEN_KEY'),
      IDENTITY_PEERS_FILE: platform.home.identities,
      LUCID_DATA: platform.home.data('cutter'),
    })
    expect(env).not.toHaveProperty('TOKEN_KEY')
    expect(Object.keys(JSON.parse(readFileSync(platform.home.identities, 'utf8'))).toSorted()).toEqual([
      'cutter',
      'ledger',
      'operator',
      'vault',
    ])
  })

  test('of which one service dies says why with the end of its log, and undoes all', async () => {
    const given = options(three, { env: { ledger: { FIXTURE: 'dies' } } })
    let pids: number[] = []
    const onChange = (views: readonly View[]) => {
      pids = [...new Set([...pids, ...views.flatMap(({ pid }) => pid ?? [])])]
    }
    const error = await failureOf(bringUp({ ...given, onChange }))
    expect(error.message).toBe(`ledger did not start: exit code 3; last 2 lines of ${given.home.log('ledger')}:`)
    expect(error.details).toEqual(['fixture dies begins', 'the disk is on fire'])
    expect(pids).toHaveLength(3)
    expect(pids.filter(isAlive)).toEqual([])
    expect(readRecord(given.home)).toBeUndefined()
    expect(isLocked(given.home)).toBe(false)
  })

  test('of which one service never gets healthy says what it lacks', async () => {
    const timing = { ...quick, startMs: 500 }
    const given = options(three, { env: { vault: { FIXTURE: 'deaf' } }, timing })
    const error = await failureOf(bringUp(given))
    expect(error.message).toStartWith('vault did not start: unhealthy, store: it is locked after 0.5 s; last 1 line of')
  })

  test('that is told to stop before it is done leaves nothing', async () => {
    const given = options(three, { env: { vault: { FIXTURE: 'deaf' } } })
    const platform = await prepare(given)
    const starting = failureOf(platform.start())
    await platform.stop()
    expect((await starting).message).toBe('stopped while starting')
    expect(platform.views().filter(({ pid }) => pid !== undefined)).toEqual([])
    expect(isLocked(given.home)).toBe(false)
  })

  test('names every port that is taken before anything is started', async () => {
    const taken = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {} } })
    cleanups.push(() => taken.stop(true))
    const given = options(three)
    const { source } = given
    if (source === undefined) throw new Error('the fixture has a source')
    const vault = { ...source.catalogue['vault'], hostPort: taken.port } as (typeof source.catalogue)[string]
    const error = await failureOf(
      prepare({ ...given, ports: 'catalogue', source: { ...source, catalogue: { vault } } }),
    )
    expect(error.message).toBe(
      `port ${taken.port} (vault) already in use: stop what listens there, or use --ports free`,
    )
    expect(isLocked(given.home)).toBe(false)
  })

  test('is refused while the state folder is in use, saying what to do', async () => {
    const given = options({ vault: { stack: 'sessions' } })
    await up(given)
    expect((await failureOf(prepare(given))).message).toBe(
      `the platform of ${given.home.root} is running already (process ${process.pid}): bun run status shows it, bun run down stops it`,
    )
  })

  test('of a stack that has no services, or lacks one, is a mistake of the command line', async () => {
    const given = options({ vault: { stack: 'sessions' }, desk: { stack: 'integration', needs: ['vault'] } })
    const empty = await failureOf(prepare({ ...given, stacks: ['core'] }))
    expect([empty.exitCode, empty.message]).toEqual([64, 'stack core has no services yet: use sessions, integration'])
    const lacking = await failureOf(prepare({ ...given, stacks: ['integration'] }))
    expect([lacking.exitCode, lacking.message]).toEqual([
      64,
      'desk needs vault of stack sessions: add --stack sessions',
    ])
  })
})

describe('a machine without a program', () => {
  const entries = {
    vault: { stack: 'sessions' },
    press: { stack: 'integration', programs: ['no-such-printing-press'] },
    desk: { stack: 'integration', needs: ['press'] },
  } as const
  const why = {
    press: 'needs no-such-printing-press, which is not on this machine',
    desk: 'needs press, which is left out',
  }

  test('starts all the others, and says and records what is left out and why', async () => {
    const given = options(entries)
    const platform = await up(given)
    expect(platform.views().map(({ name }) => name)).toEqual(['vault'])
    expect(platform.leftOut).toEqual(why)
    expect(readRecord(given.home)?.left_out).toEqual(why)
  })

  test('cannot start a stack of which nothing would be left, and says what it lacks', async () => {
    const error = await failureOf(prepare({ ...options(entries), stacks: ['integration'] }))
    expect([error.message, error.details]).toEqual([
      'stack integration cannot be started on this machine',
      Object.entries(why).map(([name, reason]) => `left out: ${name} ${reason}`),
    ])
  })
})

describe('a stop', () => {
  test('goes in reverse, callers before callees, and frees the state folder', async () => {
    const order: string[] = []
    const onChange = (views: readonly View[]) => {
      for (const { name, state } of views) if (state === 'stopped' && !order.includes(name)) order.push(name)
    }
    const given = options(three, { onChange })
    const platform = await bringUp(given)
    const pids = platform.views().map(({ pid }) => pid ?? 0)
    await platform.stop()
    expect(order).toEqual(['ledger', 'cutter', 'vault'])
    expect(pids.filter(isAlive)).toEqual([])
    expect(readRecord(given.home)).toBeUndefined()
    expect(readFileSync(given.home.log('vault'), 'utf8')).toBe('fixture well begins\nfixture ends\n')
  })

  test('of a service that ignores SIGTERM ends in SIGKILL, and is logged', async () => {
    const timing = { ...quick, stopMs: 100 }
    const given = options({ vault: { stack: 'sessions' } }, { env: { vault: { FIXTURE: 'stubborn' } }, timing })
    const platform = await bringUp(given)
    const pid = pidOf(platform, 'vault')
    await platform.stop()
    expect(isAlive(pid)).toBe(false)
    expect(readFileSync(given.home.log('platform'), 'utf8')).toContain('"event":"killed-late","unit":"vault"')
  })
})

describe('a running platform', () => {
  test('starts a crashed service again, counts it and logs it', async () => {
    const given = options(three)
    const platform = await up(given)
    const before = pidOf(platform, 'vault')
    process.kill(before, 'SIGKILL')
    while (pidOf(platform, 'vault') === before) await Bun.sleep(5)
    await platform.healthy()
    expect(pidOf(platform, 'vault')).not.toBe(before)
    expect(readRecord(given.home)?.services['vault']).toMatchObject({ restarts: 1, pid: pidOf(platform, 'vault') })
    const events = readFileSync(given.home.log('platform'), 'utf8').trim().split('\n')
    expect(events.map((line) => JSON.parse(line)).filter(({ event }) => event === 'restarting')).toMatchObject([
      { unit: 'vault', why: 'signal SIGKILL' },
    ])
  })

  test('kills on request, is seen without the service, and heals', async () => {
    const given = options(three)
    const platform = await up(given)
    const before = pidOf(platform, 'cutter')
    await platform.kill('cutter')
    expect(isAlive(before)).toBe(false)
    expect(readRecord(given.home)?.services['cutter']).toBeUndefined()
    expect(readRecord(given.home)?.absent['cutter']).toEqual({ stack: 'sessions', state: 'restarting', restarts: 1 })
    await platform.healthy()
    expect(isAlive(pidOf(platform, 'cutter'))).toBe(true)
  })

  test('halts a service until it is told to start it', async () => {
    const platform = await up(options(three))
    await platform.halt('ledger')
    await platform.healthy()
    expect(platform.views().find(({ name }) => name === 'ledger')?.state).toBe('stopped')
    await platform.restart('ledger')
    expect(platform.views().find(({ name }) => name === 'ledger')?.state).toBe('healthy')
  })

  test('names its services when asked for one that it does not have', async () => {
    const platform = await up(options(three))
    expect((await failureOf(platform.restart('mongo'))).message).toBe(
      "no service 'mongo' here; there are vault, cutter, ledger",
    )
  })
})
