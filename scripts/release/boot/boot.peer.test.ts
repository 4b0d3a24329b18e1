import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { live } from '../../cli/run.ts'
import { LeaseLost, takeLease } from '../../host/lease.ts'
import { quote } from '../../host/quote.ts'
import { openShell, type Shell } from '../../host/shell.ts'
import { tinyImages } from '../../testing/peers/pi/images.ts'
import { startPi } from '../../testing/peers/pi/pi.ts'
import { groupRuns, parseJournal } from '../run/journal.ts'
import { watchLine, withLines } from './crontab.ts'
import { readBootState } from './state.ts'
import { renderUnit } from './unit.ts'

/**
 * lucid-boot.sh on the emulated Pi, whose power is cut: started as the unit would start it, by its user and with the
 * environment that systemd gives, but by hand, because the emulated Pi has no systemd. Images are tiny ones of the tests.
 */

// Only a hang is ended by it.
setDefaultTimeout(180_000)

const folder = mkdtempSync(join(tmpdir(), 'lb-'))
const pi = await startPi({ folder: join(folder, 'pi') })
if ('absent' in pi) console.log(`NOT RUN: ${pi.absent} (boot on an emulated Pi)`)
else
  console.log(
    'NOT RUN: systemd and cron themselves (the emulated Pi has no init; the unit and the lines are run by hand)',
  )
const tiny = 'absent' in pi ? pi : await tinyImages(pi.engine, { folder })
if (!('absent' in pi) && 'absent' in tiny) console.log(`NOT RUN: ${tiny.absent} (boot on an emulated Pi)`)

afterAll(async () => {
  if (!('absent' in pi)) await pi.stop()
  rmSync(folder, { recursive: true, force: true })
})

const OLD = 'r-000000000001'
const NEW = 'r-000000000002'

/** A Compose file of a stack: containers by name, with what each does. */
const stackFile = (stack: string, members: Readonly<Record<string, string>>, more: object = {}): string =>
  JSON.stringify({
    name: `lucid-${stack}`,
    services: Object.fromEntries(
      Object.entries(members).map(([name, image]) => [
        name,
        {
          image: `lucid-test/tiny:${image}`,
          container_name: name,
          restart: 'unless-stopped',
          pull_policy: 'never',
          stop_grace_period: '1s',
          ...more,
        },
      ]),
    ),
  })

describe.skipIf('absent' in tiny)('a host whose power was cut', () => {
  if ('absent' in pi || 'absent' in tiny) {
    test.skip('no emulated Pi', () => {})
    return
  }
  let shell: Shell
  const at = (path: string) => pi.outside(`${pi.dir}/${path}`)
  const put = (path: string, text: string) => writeFileSync(at(path), text, { mode: 0o644 })

  const plant = (id: string, stacks: Readonly<Record<string, string>>) => {
    mkdirSync(at(`releases/${id}`), { recursive: true })
    for (const [stack, text] of Object.entries(stacks)) put(`releases/${id}/compose.${stack}.yaml`, text)
  }
  const own = () => live(pi.enter(['chown', '-R', '1000:1000', pi.dir]))

  /** What systemd does at boot: a runtime folder that goes with the power, a bare environment, the unit's user. */
  const boot = async (env = '') => {
    await live(pi.enter(['install', '-d', '-o', '1000', '-g', '1000', '-m', '700', '/run/lucid']))
    const [start = ''] = /^ExecStart=(.*)$/m.exec(renderUnit({ dir: pi.dir, user: pi.user }))?.slice(1) ?? []
    const bare = `env -i LANG=C.UTF-8 HOME=/home/pi USER=pi LOGNAME=pi SHELL=/bin/sh RUNTIME_DIRECTORY=/run/lucid LUCID_HEALTH_TIMEOUT=120 ${env}`
    return live(['ssh', '-F', pi.sshConfig, pi.host, `${bare} ${start}`])
  }
  const running = async () =>
    (await pi.engine.run(['ps', '--format', '{{.Names}} {{.Image}}'])).out.trim().split('\n').filter(Boolean).sort()
  const journal = () => parseJournal(readFileSync(at('deploy/journal'), 'utf8'))
  const begin = (run: string, from: string | null, to: string) => ({
    at: 1,
    run,
    phase: 'begin',
    kind: 'deploy',
    from,
    to,
    by: 'o"neill@desk',
    what: `deploy "to":"${OLD}"`,
  })
  const append = (...entries: readonly object[]) =>
    writeFileSync(at('deploy/journal'), entries.map((one) => `${JSON.stringify(one)}\n`).join(''), { flag: 'a' })
  const offAndOn = async () => {
    await shell.close()
    await pi.powerCut()
    await pi.restart()
    shell = openShell({ host: pi.host, sshConfig: pi.sshConfig })
  }
  const compose = (id: string, stack: string) =>
    shell.run(`docker compose -f ${pi.dir}/releases/${id}/compose.${stack}.yaml up -d`)

  beforeAll(async () => {
    shell = openShell({ host: pi.host, sshConfig: pi.sshConfig })
    for (const path of ['bin', 'deploy']) mkdirSync(at(path), { recursive: true })
    put('bin/lucid-boot.sh', readFileSync(join(import.meta.dir, 'host', 'lucid-boot.sh'), 'utf8'))
    plant(OLD, { core: stackFile('core', { db: '1', gate: '1' }), sessions: stackFile('sessions', { keeper: '1' }) })
    plant(NEW, {
      core: stackFile('core', { db: '1', gate: '2', extra: '2' }),
      sessions: stackFile('sessions', { keeper: 'sick' }),
      blockchain: stackFile('blockchain', { ledger: '2' }),
    })
    await own()
  })
  afterAll(() => shell.close())

  test('and that has no release starts nothing, and says so', async () => {
    expect(await boot()).toMatchObject({ code: 0, out: 'lucid-boot: there is no release on this host\n' })
  })

  test('during its first deploy is empty again, and its volumes are there', async () => {
    append(begin('run-1', null, NEW), { at: 2, run: 'run-1', step: 'up:core', phase: 'start' })
    await own()
    expect((await compose(NEW, 'core')).code).toBe(0)
    expect((await pi.engine.run(['volume', 'create', 'lucid_core_mongo_data'])).code).toBe(0)
    await offAndOn()
    expect(await boot()).toMatchObject({ code: 0 })
    expect(await running()).toEqual([])
    expect(groupRuns(journal()).at(-1)?.end).toMatchObject({ run: 'run-1', outcome: 'undone', reason: 'boot' })
    expect((await pi.engine.run(['volume', 'ls', '--quiet'])).out.trim()).toBe('lucid_core_mongo_data')
  })

  test('during a deploy is wholly on the release before, and the deployer that was cut off can do nothing more', async () => {
    put('deploy/current', `${OLD}\n`)
    await own()
    for (const stack of ['core', 'sessions']) expect((await compose(OLD, stack)).code).toBe(0)
    const lease = await takeLease(shell, pi.dir, { by: 'a@b', machine: 'b', pid: 1, what: 'deploy' })
    append(begin('run-2', OLD, NEW), { at: 2, run: 'run-2', step: 'up:core', phase: 'done' })
    for (const stack of ['core', 'sessions', 'blockchain']) expect((await compose(NEW, stack)).code).toBe(0)
    // The line that was being written when the power went.
    writeFileSync(at('deploy/journal'), '{"at":3,"run":"run-2","phase":"end","outc', { flag: 'a' })
    await offAndOn()
    const booted = await boot()
    expect(booted).toMatchObject({ code: 0, out: expect.stringContaining(`${OLD} is up and well`) })
    expect(await running()).toEqual(['db lucid-test/tiny:1', 'gate lucid-test/tiny:1', 'keeper lucid-test/tiny:1'])
    const [last] = groupRuns(journal()).slice(-1)
    expect(last?.begin).toMatchObject({ run: 'run-2', to: NEW })
    expect(last?.end).toMatchObject({ outcome: 'undone', reason: 'boot' })
    await expect(lease.run('echo done')).rejects.toBeInstanceOf(LeaseLost)
    expect(existsSync(at('deploy/lease'))).toBe(false)
  })

  test('that had committed before the cut goes on with the new release', async () => {
    append(begin('run-3', NEW, OLD), { at: 2, run: 'run-3', step: 'commit', phase: 'start' })
    expect(await boot()).toMatchObject({ code: 0 })
    expect(groupRuns(journal()).at(-1)?.end).toMatchObject({ run: 'run-3', outcome: 'done' })
  })

  test('whose one service is not well comes up as far as it can, and says which with its log', async () => {
    plant(OLD, { core: stackFile('core', { db: '1', gate: 'sick' }) })
    const booted = await boot('LUCID_HEALTH_TIMEOUT=3')
    expect(booted.code).toBe(1)
    expect(booted.out).toMatch(
      /gate is (?:starting|unhealthy) after 3 s; the end of its log:\n {4}tiny: version sick, sick/,
    )
    expect((await running()).map((line) => line.split(' ')[0])).toContain('keeper')
    expect(journal()).toContainEqual(expect.objectContaining({ step: 'boot:core', phase: 'failed' }))
  })

  test('does not make a volume anew that is gone, does not use a file that was changed by hand, and lets go what is paused', async () => {
    const volume = 'lucid_core_mongo_data'
    const more = { volumes: [`${volume}:/data`] }
    const core = JSON.stringify({
      ...JSON.parse(stackFile('core', { db: '1' }, more)),
      volumes: { [volume]: { name: volume } },
    })
    const sessions = stackFile('sessions', { keeper: '1' })
    plant(OLD, { core, sessions })
    mkdirSync(at(`releases/${OLD}/.kept`))
    for (const [stack, text] of Object.entries({ core, sessions }))
      put(`releases/${OLD}/.kept/compose.${stack}.yaml`, text)
    await own()
    expect(await boot()).toMatchObject({ code: 0 })
    put(`releases/${OLD}/compose.sessions.yaml`, stackFile('sessions', { keeper: '1', stranger: '1' }))
    expect((await pi.engine.run(['pause', 'keeper'])).code).toBe(0)
    expect((await pi.engine.run(['rm', '--force', 'db'])).code).toBe(0)
    expect((await pi.engine.run(['volume', 'rm', volume])).code).toBe(0)
    const booted = await boot()
    expect(booted).toMatchObject({ code: 1 })
    expect(booted.out).toContain(`volume ${volume} is gone, so core is not started: bun run recover volume ${volume}`)
    expect(booted.out).toContain(`compose.sessions.yaml of ${OLD} was changed by hand: put right`)
    expect(readFileSync(at(`releases/${OLD}/compose.sessions.yaml`), 'utf8')).toBe(sessions)
    expect(await running()).toEqual(['keeper lucid-test/tiny:1'])
    expect((await pi.engine.run(['ps', '--quiet', '--filter', 'status=paused'])).out).toBe('')
    expect((await pi.engine.run(['volume', 'inspect', volume])).code).not.toBe(0)
    expect((await pi.engine.run(['volume', 'create', volume])).code).toBe(0)
    expect(await boot()).toMatchObject({ code: 0 })
    // As it was before.
    rmSync(at(`releases/${OLD}/.kept`), { recursive: true })
    plant(OLD, { core: stackFile('core', { db: '1', gate: 'sick' }) })
  })

  test('that is being changed by somebody is left alone by a start by hand', async () => {
    const lease = await takeLease(shell, pi.dir, { by: 'a@b', machine: 'b', pid: 1, what: 'deploy' })
    expect(await boot()).toMatchObject({ code: 75, out: expect.stringContaining('a@b') })
    expect((await lease.run('echo still mine')).out).toBe('still mine\n')
    await lease.release()
  })

  test('while documents were being changed is not started by us, and the run stays open for a deployer', async () => {
    append(begin('run-4', OLD, NEW), { at: 2, run: 'run-4', step: 'migrate', phase: 'start' })
    const before = await running()
    const booted = await boot()
    expect(booted.code).toBe(1)
    expect(booted.out).toContain('bun run rollback')
    expect(groupRuns(journal()).at(-1)).toMatchObject({ begin: { run: 'run-4' }, end: undefined })
    expect(await running()).toEqual(before)
    append({ at: 3, run: 'run-4', step: 'back:restore', phase: 'done' })
    expect((await boot('LUCID_HEALTH_TIMEOUT=3')).out).toContain(`run run-4 to ${NEW} was cut short: back to ${OLD}`)
    expect(groupRuns(journal()).at(-1)?.end).toMatchObject({ run: 'run-4', outcome: 'failed' })
  })

  describe('is watched by cron', () => {
    const crontab = Bun.which('crontab')
    if (crontab === null) console.log('NOT RUN: crontab is not installed: apt-get install cron (the crontab of a host)')
    const CRONTABS = '/var/spool/cron/crontabs'

    test.skipIf(crontab === null)('by a line that a real crontab takes, and gives back', async () => {
      // The machine's own crontabs are out of sight.
      const spool = await live(
        pi.enter([
          'sh',
          '-c',
          `group=$(stat -c %g ${CRONTABS}) && mount -t tmpfs tmpfs ${CRONTABS} && chown 0:$group ${CRONTABS} && chmod 1730 ${CRONTABS}`,
        ]),
      )
      expect(spool.code).toBe(0)
      const read = async () => (await readBootState(shell, { dir: pi.dir }, [])).crontab
      expect(await read()).toBe('')
      const theirs = '0 1 * * * true\n'
      const ours = withLines(theirs, pi.dir, [watchLine(pi.dir)])
      expect(await shell.run('crontab -', { input: ours })).toMatchObject({ code: 0 })
      expect(await read()).toBe(ours)
    })

    test('with the image of the committed release, one at a time, in the environment of cron', async () => {
      put('bin/cron-watch.sh', readFileSync(join(import.meta.dir, 'host', 'cron-watch.sh'), 'utf8'))
      // In the place of health/watch.sh: says how it was called, and takes its time.
      put('bin/watch.sh', 'echo "$@ $HEALTH_WEBHOOK" >> "$1/health/called"; sleep 2; exit 3\n')
      put(
        `releases/${OLD}/release.json`,
        JSON.stringify({
          images: [
            { service: 'x', name: 'p/l:x-000000000000' },
            { service: 'server-tools', name: 'p/l:server-tools-0123456789ab' },
          ],
        }),
      )
      mkdirSync(at('health'))
      put('health/webhook', 'http://127.0.0.1:1/x\n')
      await own()
      const [line = ''] = watchLine(pi.dir).split(' | ')
      const command = line.split(' ').slice(5).join(' ')
      const asCron = () =>
        shell.run(`env -i HOME=/home/pi LOGNAME=pi SHELL=/bin/sh PATH=/usr/bin:/bin sh -c ${quote(command)}`)
      const second = openShell({ host: pi.host, sshConfig: pi.sshConfig })
      try {
        const first = asCron()
        while (!existsSync(at('health/called'))) await Bun.sleep(20)
        const beside = `env -i HOME=/home/pi LOGNAME=pi SHELL=/bin/sh PATH=/usr/bin:/bin sh -c ${quote(command)}`
        expect(await second.run(beside)).toMatchObject({ code: 0 })
        expect(await first).toMatchObject({ code: 3 })
      } finally {
        await second.close()
      }
      expect(readFileSync(at('health/called'), 'utf8')).toBe(
        `${pi.dir} p/l:server-tools-0123456789ab http://127.0.0.1:1/x\n`,
      )
    })
  })
})
