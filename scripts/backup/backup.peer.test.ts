import { Database } from 'bun:sqlite'
import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ed25519 } from '@noble/curves/ed25519.js'
import { KEEP } from '#common/backup/prune'
import type { Lease } from '../host/lease.ts'
import { dropSnapshots, restoreSnapshot, takeSnapshot } from '../release/snapshot/snapshot.ts'
import { startDocker } from '../testing/peers/docker/engine.ts'
import { backupScript } from './backup-script.ts'
import { type BackupHost, backupHost } from './host.fixture.ts'
import { drillHost, type RestoreOptions, restoreHost } from './restore-host.ts'
import { listSnapshots } from './snapshots.ts'
import { takeBackup } from './take.ts'

/**
 * Backups of a real engine whose containers write all the time. The image is of the tests, with server-tools of this
 * checkout in it; the services are stand-ins that do nothing but write.
 */

// Only a hang is ended by it.
setDefaultTimeout(300_000)

const folder = mkdtempSync(join(tmpdir(), 'lucid-bk-'))
const docker = await startDocker({ folder: join(folder, 'e') })
if ('absent' in docker) console.log(`NOT RUN: ${docker.absent} (backups of a real engine)`)

afterAll(async () => {
  if (!('absent' in docker)) await docker.stop()
  rmSync(folder, { recursive: true, force: true })
})

const VOLUME = 'lucid_sessions_data'

/** Commits a row, then says its number: a line is an acknowledgement. Beside it a log that grows. */
const writer = `
  const { Database } = require('bun:sqlite')
  const { appendFileSync } = require('node:fs')
  const db = new Database('/data/writer.sqlite')
  db.run('PRAGMA journal_mode = WAL'); db.run('PRAGMA synchronous = FULL')
  db.run('CREATE TABLE IF NOT EXISTS rows (n INTEGER PRIMARY KEY, text TEXT)')
  let n = db.query('SELECT coalesce(max(n), 0) AS n FROM rows').get().n
  for (;;) {
    n += 1
    db.run('INSERT INTO rows VALUES (?, ?)', [n, 'x'.repeat(n % 900)])
    appendFileSync('/data/log', n + '\\n')
    console.log(n)
    await Bun.sleep(2)
  }`

/** The last row that was acknowledged before an instant, by the engine's own clock at the end of the pipe. */
const acknowledgedBefore = (logs: string, at: number): number =>
  logs
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([time = '']) => Date.parse(time) < at)
    .map(([, n]) => Number(n))
    .at(-1) ?? 0

describe.skipIf('absent' in docker)('backups of a real engine', () => {
  if ('absent' in docker) {
    test.skip(docker.absent, () => {})
    return
  }
  let host: BackupHost
  let lease: Lease
  const options = (more: Partial<RestoreOptions> = {}): RestoreOptions => ({
    image: host.image,
    identity: host.identity,
    snapshot: 'newest',
    volumes: [],
    existing: 'refuse',
    ...more,
  })
  const take = () => takeBackup(lease, { image: host.image, recipients: [host.recipient], keep: KEEP })
  const paused = async () => (await host.docker('ps', '--quiet', '--filter', 'status=paused')).trim()
  const health = (what: string) => JSON.parse(readFileSync(join(host.dir, 'health', `${what}.json`), 'utf8'))

  test('a host with a service that writes all the time', async () => {
    host = await backupHost(docker, folder)
    lease = await host.lease()
    const key = new Uint8Array(32).fill(7)
    mkdirSync(join(host.dir, 'secrets', 'merkle-builder'), { recursive: true })
    writeFileSync(join(host.dir, 'secrets', 'merkle-builder', 'IDENTITY_KEY'), `${key.toHex()}\n`)
    writeFileSync(
      join(host.dir, 'identities.json'),
      JSON.stringify({ 'merkle-builder': ed25519.getPublicKey(key).toHex() }),
    )
    await host.docker('volume', 'create', VOLUME)
    await host.start('merkle-builder', writer, { project: 'lucid-sessions', volumes: [`${VOLUME}:/data`] })
    await host.start('stranger', 'setInterval(() => {}, 1000)', { project: 'other', volumes: [] })
    while (acknowledgedBefore(await host.docker('logs', '--timestamps', 'merkle-builder'), Date.now()) < 50)
      await Bun.sleep(50)
  })

  test('is backed up while it writes; what was acknowledged before the freeze is restored, and the database is sound', async () => {
    const report = await take()
    expect(await paused()).toBe('')
    expect(health('backup')).toMatchObject({ ok: true, id: report.name, at: report.at })
    const logs = await host.docker('logs', '--timestamps', 'merkle-builder')
    const acknowledged = acknowledgedBefore(logs, report.at)
    const into = join(folder, 'looked-at')
    const restored = await restoreHost(lease, options({ into }))
    expect(restored).toMatchObject({
      ok: true,
      faults: [],
      complaints: [],
      warnings: [],
      units: expect.arrayContaining([`volumes/${VOLUME}`, 'host/secrets', 'host/identities.json']),
    })
    const database = new Database(join(into, 'volumes', VOLUME, 'writer.sqlite'))
    expect(database.query('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
    const rows = database.query<{ count: number; last: number }, []>(
      'SELECT count(*) AS count, max(n) AS last FROM rows',
    )
    const { count = 0, last = 0 } = rows.get() ?? {}
    database.close()
    expect(acknowledged).toBeGreaterThanOrEqual(50)
    expect(count).toBe(last)
    expect(last).toBeGreaterThanOrEqual(acknowledged)
    console.log(`stood still for ${report.frozen_ms} ms; ${acknowledged} rows acknowledged before, ${last} restored`)
  })

  test('backups are listed without a key', async () => {
    const report = await take()
    const listed = await listSnapshots(lease.shell, { image: host.image, repository: join(host.dir, 'backups') })
    expect(listed.map(({ name, missing }) => [name, missing])).toEqual([
      [expect.any(String), 0],
      [report.name, 0],
    ])
  })

  test('a drill opens the databases, fits the secrets, touches nothing and leaves nothing', async () => {
    await host.docker('volume', 'create', '--label', 'org.lucid.drill=1', 'lucid-drill-left-by-a-kill')
    const report = await drillHost(lease, options())
    expect(report).toMatchObject({ ok: true, mongo: { kind: 'not-run' } })
    expect(report.proofs).toEqual([
      { what: `volumes/${VOLUME}/writer.sqlite`, ok: true, detail: 'opens, integrity_check ok' },
      { what: 'secrets', ok: true, detail: '2 of the form they must have' },
      { what: 'identities.json', ok: true, detail: 'fits the 1 identity keys' },
    ])
    expect(health('drill')).toMatchObject({ ok: true, id: report.name })
    expect((await host.docker('volume', 'ls', '--quiet', '--filter', 'label=org.lucid.drill')).trim()).toBe('')
    expect(await host.docker('ps', '--filter', 'name=merkle-builder', '--format', '{{.State}}')).toBe('running\n')
  })

  test('with a chunk that was changed the drill fails and names it, and so does the health file', async () => {
    const chunks = join(host.dir, 'backups', 'chunks')
    const [file = ''] = readdirSync(chunks, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.age'))
    const bytes = readFileSync(join(chunks, file))
    const broken = Buffer.from(bytes)
    broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1
    writeFileSync(join(chunks, file), broken)
    const reports = []
    for (const { name } of await listSnapshots(lease.shell, {
      image: host.image,
      repository: join(host.dir, 'backups'),
    })) {
      const lastGood = health('drill').at
      const report = await drillHost(lease, options({ snapshot: name }))
      reports.push(report)
      // A drill that fails leaves the time of the last good one.
      if (!report.ok) expect(health('drill')).toMatchObject({ ok: false, at: lastGood })
    }
    const faults = reports.flatMap((report) => report.faults.map(({ chunk }) => chunk))
    expect(faults).toContain(file.slice(3, -4))
    writeFileSync(join(chunks, file), bytes)
  })

  test('another identity opens nothing', async () => {
    const { generateX25519Identity } = await import('age-encryption')
    const other = options({ identity: await generateX25519Identity(), into: join(folder, 'other') })
    await expect(restoreHost(lease, other)).rejects.toThrow('encrypted to others than this identity')
  })

  test('a restore is refused while the volume is in use, and what is there unless told to replace it', async () => {
    const one = { volumes: [VOLUME] }
    await expect(restoreHost(lease, options(one))).rejects.toThrow('in use by merkle-builder')
    await host.docker('kill', 'merkle-builder')
    await expect(restoreHost(lease, options(one))).rejects.toThrow('is not empty')
    const report = await restoreHost(lease, options({ ...one, existing: 'replace' }))
    expect(report.ok).toBe(true)
    const { volumes, ...whole } = options()
    expect(volumes).toEqual([])
    await expect(restoreHost(lease, { ...whole, volumes })).rejects.toThrow('not empty')
    await host.docker('start', 'merkle-builder')
  })

  test('killed while all stands still, it lets everything go on within seconds, and the next backup is good', async () => {
    // Zeros take time to read and no room; as they are new they are read again while all stands still.
    await host.docker(
      'exec',
      'merkle-builder',
      '/usr/local/bin/bun',
      '-e',
      "require('node:fs').truncateSync('/data/log', 6e8)",
    )
    const script = backupScript({
      dir: host.dir,
      image: host.image,
      to: join(host.dir, 'backups'),
      freezeLimitS: 60,
      order: JSON.stringify({ recipients: [host.recipient], host: 'test' }),
    })
    const killed = Bun.spawn(['sh', '-c', script], { env: host.env, stdio: ['ignore', 'ignore', 'ignore'] })
    while ((await paused()) === '' && killed.exitCode === null) await Bun.sleep(20)
    expect(killed.exitCode).toBe(null)
    killed.kill('SIGKILL')
    await killed.exited
    while ((await paused()) !== '') await Bun.sleep(50)
    await host.docker(
      'exec',
      'merkle-builder',
      '/usr/local/bin/bun',
      '-e',
      "require('node:fs').truncateSync('/data/log', 10)",
    )
    const report = await take()
    expect(await paused()).toBe('')
    expect((await drillHost(lease, options({ snapshot: report.name }))).ok).toBe(true)
  })

  test('what stands still for longer than allowed goes on, and there is no backup', async () => {
    const before = health('backup').at
    const late = takeBackup(lease, { image: host.image, recipients: [host.recipient], keep: KEEP, freezeLimitS: 0 })
    await expect(late).rejects.toThrow('may stand still was over')
    await late.catch(() => {})
    expect(await paused()).toBe('')
    expect(health('backup')).toMatchObject({ ok: false, at: before })
  })

  test('a plain snapshot brings volumes back without a key, and is dropped with its release', async () => {
    const snapshot = { image: host.image, id: 'r-0123456789ab', volumes: [VOLUME, 'lucid_chain_data'] }
    const rows = async () => {
      const count = `const { Database } = require('bun:sqlite'); console.log(new Database('/data/writer.sqlite').query('SELECT count(*) AS n FROM rows').get().n)`
      return Number(
        await host.docker(
          'run',
          '--rm',
          '--user',
          '0:0',
          '--volume',
          `${VOLUME}:/data`,
          '--entrypoint',
          '/usr/local/bin/bun',
          host.image,
          '-e',
          count,
        ),
      )
    }
    await host.docker('kill', 'merkle-builder')
    const before = await rows()
    expect(await takeSnapshot(lease, snapshot)).toMatchObject({ ok: true })
    expect(await takeSnapshot(lease, snapshot)).toBe('there')
    await host.docker('start', 'merkle-builder')
    while ((await host.docker('logs', '--tail', '1', 'merkle-builder')).trim() === `${before}`) await Bun.sleep(20)
    await expect(restoreSnapshot(lease, snapshot)).rejects.toThrow('in use by merkle-builder')
    await host.docker('kill', 'merkle-builder')
    await restoreSnapshot(lease, snapshot)
    expect(await rows()).toBe(before)
    await dropSnapshots(lease, { image: host.image, keep: [] })
    expect(readdirSync(join(host.dir, 'snapshots'))).toEqual([])
    await expect(restoreSnapshot(lease, snapshot)).rejects.toThrow('no whole snapshot')
  })

  test('the whole host comes back onto nothing', async () => {
    await host.docker('rm', '--force', 'merkle-builder')
    await host.docker('volume', 'rm', VOLUME)
    for (const name of ['secrets', 'identities.json']) rmSync(join(host.dir, name), { recursive: true })
    const report = await restoreHost(lease, options())
    expect(report.ok).toBe(true)
    expect(readFileSync(join(host.dir, 'secrets', 'merkle-builder', 'IDENTITY_KEY'), 'utf8')).toBe(
      `${'07'.repeat(32)}\n`,
    )
    expect((await host.docker('volume', 'inspect', '--format', '{{json .Labels}}', VOLUME)).trim()).toContain(
      '"com.docker.compose.project":"lucid-sessions"',
    )
    await lease.release()
  })
})
