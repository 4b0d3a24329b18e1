import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CliError } from '../../cli/fail.ts'
import { type Lease, takeLease } from '../../host/lease.ts'
import { openShell, type Shell } from '../../host/shell.ts'
import { withLines } from './crontab.ts'
import { findBootGaps, installBoot, readPrograms, removeBoot, showInstall, showRemoval } from './install.ts'
import { readBootState } from './state.ts'
import { renderUnit } from './unit.ts'

/** Stand-ins for id, sudo, systemctl and crontab, each a few lines of sh: the real ones would change this machine. */

const root = mkdtempSync(join(tmpdir(), 'lucid-boot-'))
const opened: Shell[] = []
afterAll(async () => {
  for (const shell of opened) await shell.close()
  rmSync(root, { recursive: true, force: true })
})

const standIns = {
  id: 'case $1 in -un) echo pi;; *) echo 1000;; esac',
  sudo: '[ "$1" = -n ] && shift; [ -e "$PLACE/sudoer" ] || { echo "sudo: a password is required" >&2; exit 1; }; exec "$@"',
  systemctl:
    '[ ! -e "$PLACE/broken" ] || { [ "$1" != enable ] || { echo "Failed to enable unit" >&2; exit 1; }; }; case $1 in is-enabled) [ -e "$PLACE/enabled" ] && echo enabled;; enable) : > "$PLACE/enabled";; disable) rm -f "$PLACE/enabled";; daemon-reload) echo reload >> "$PLACE/calls";; esac',
  crontab:
    'case $1 in -l) cat "$PLACE/crontab" 2>/dev/null || { echo "no crontab for pi" >&2; exit 1; };; -r) rm "$PLACE/crontab";; -) cat > "$PLACE/crontab";; esac',
} as const

const files = { 'lucid-boot.sh': 'echo boot\n', 'watch.sh': "echo 'it''s' \\ $x\n" }
let place = ''
let dir = ''
let units = ''
let lease: Lease

beforeEach(async () => {
  place = mkdtempSync(join(root, 'host-'))
  dir = join(place, 'Lucid')
  units = join(place, 'units')
  mkdirSync(units)
  mkdirSync(join(place, 'bin'))
  for (const [name, text] of Object.entries(standIns)) {
    writeFileSync(join(place, 'bin', name), `#!/bin/sh\n${text}\n`)
    chmodSync(join(place, 'bin', name), 0o755)
  }
  const shell = openShell({
    host: 'local',
    env: { ...process.env, PATH: `${join(place, 'bin')}:${process.env['PATH']}`, PLACE: place },
  })
  opened.push(shell)
  lease = await takeLease(shell, dir, { by: 'a@b', machine: 'b', pid: process.pid, what: 'boot' })
})

const mayBecomeRoot = () => writeFileSync(join(place, 'sudoer'), '')
const install = () => installBoot(lease, { units, files })
const crontab = () => (existsSync(join(place, 'crontab')) ? readFileSync(join(place, 'crontab'), 'utf8') : '')
const refusal = async (work: Promise<unknown>): Promise<CliError> => {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof CliError)) throw new Error(`not refused: ${String(error)}`)
  return error
}

test('programs, crontab and unit are installed, and a second time there is nothing to do', async () => {
  mayBecomeRoot()
  writeFileSync(join(place, 'crontab'), '0 1 * * * theirs\n')
  expect(await install()).toEqual([
    `write ${dir}/bin/lucid-boot.sh`,
    `write ${dir}/bin/watch.sh`,
    'change the lines of Lucid in the crontab',
    'install the unit lucid.service',
  ])
  expect(readFileSync(join(dir, 'bin', 'watch.sh'), 'utf8')).toBe(files['watch.sh'])
  expect(readFileSync(join(units, 'lucid.service'), 'utf8')).toBe(renderUnit({ dir, user: 'pi' }))
  expect(crontab()).toStartWith(`0 1 * * * theirs\n# lucid ${dir}: begin\n*/5 `)
  expect(existsSync(join(place, 'enabled'))).toBe(true)
  expect(await install()).toEqual([])
})

test('a dry run says the same and changes nothing', async () => {
  mayBecomeRoot()
  const said = await showInstall(lease.shell, { dir, units, files })
  expect(readdirSync(units)).toEqual([])
  expect(existsSync(join(dir, 'bin'))).toBe(false)
  expect(crontab()).toBe('')
  expect(await install()).toEqual([...said])
})

test('a text that changed is replaced, and only that', async () => {
  mayBecomeRoot()
  await install()
  const changed = { ...files, 'watch.sh': 'new\n' }
  expect(await installBoot(lease, { units, files: changed })).toEqual([`write ${dir}/bin/watch.sh`])
})

test('lines that others leave for the crontab are taken over', async () => {
  mayBecomeRoot()
  mkdirSync(join(dir, 'bin', 'cron.d'), { recursive: true })
  writeFileSync(join(dir, 'bin', 'cron.d', 'backup.line'), '# daily\n30 2 * * * sh backup.sh\n')
  await install()
  expect(crontab().split('\n').slice(2, 4)).toEqual(['30 2 * * * sh backup.sh', `# lucid ${dir}: end`])
})

test('uninstall takes exactly that away', async () => {
  mayBecomeRoot()
  writeFileSync(join(place, 'crontab'), '0 1 * * * theirs\n')
  await install()
  writeFileSync(join(dir, 'bin', 'mine.sh'), '')
  expect(await showRemoval(lease.shell, { dir, units, files })).toHaveLength(4)
  expect(await removeBoot(lease, { units, files })).toEqual([
    'remove the unit lucid.service',
    'change the lines of Lucid in the crontab',
    `remove ${dir}/bin/lucid-boot.sh`,
    `remove ${dir}/bin/watch.sh`,
  ])
  expect(crontab()).toBe('0 1 * * * theirs\n')
  expect(readdirSync(units)).toEqual([])
  expect(existsSync(join(place, 'enabled'))).toBe(false)
  expect(readdirSync(join(dir, 'bin'))).toEqual(['mine.sh'])
  expect(await removeBoot(lease, { units, files })).toEqual([])
})

describe('nothing is half installed', () => {
  const untouched = () => {
    expect(crontab()).toBe('')
    expect(readdirSync(units)).toEqual([])
    expect(existsSync(join(dir, 'bin'))).toBe(false)
  }

  test('where root is refused: the lines to type are said, and with the unit in place no root is needed', async () => {
    const error = await refusal(install())
    expect(error.message).toContain('pi may not become root without a password')
    untouched()
    // As the person types them, with the rights he has.
    mayBecomeRoot()
    const typed = error.details.join('\n')
    expect((await lease.shell.run(typed)).code).toBe(0)
    rmSync(join(place, 'sudoer'))
    expect(await install()).toEqual([
      `write ${dir}/bin/lucid-boot.sh`,
      `write ${dir}/bin/watch.sh`,
      'change the lines of Lucid in the crontab',
    ])
  })

  test('where our marks in the crontab are broken', async () => {
    mayBecomeRoot()
    const broken = withLines('', dir, ['x']).replace(/.*end\n$/, '')
    writeFileSync(join(place, 'crontab'), broken)
    expect((await refusal(install())).message).toContain('crontab: the marks')
    expect(crontab()).toBe(broken)
    expect(readdirSync(units)).toEqual([])
  })

  test('where systemd takes the unit and does not enable it: the crontab is as before', async () => {
    mayBecomeRoot()
    writeFileSync(join(place, 'crontab'), '0 1 * * * theirs\n')
    writeFileSync(join(place, 'broken'), '')
    expect((await refusal(install())).message).toContain('Failed to enable unit')
    expect(crontab()).toBe('0 1 * * * theirs\n')
    expect(readdirSync(units)).toEqual([])
  })

  test('where there is no cron', async () => {
    mayBecomeRoot()
    writeFileSync(join(place, 'bin', 'crontab'), '#!/bin/sh\necho "you are not allowed" >&2; exit 1\n')
    expect((await refusal(install())).message).toContain('this user has no crontab')
    untouched()
  })
})

test('what is missing is said', async () => {
  mayBecomeRoot()
  const gaps = async () => {
    const state = await readBootState(lease.shell, { dir, units }, Object.keys(files))
    return findBootGaps(state, { dir, units, files })
  }
  expect(await gaps()).toContain('not done: install the unit lucid.service')
  await install()
  expect(await gaps()).toEqual([])
  rmSync(join(place, 'enabled'))
  expect(await gaps()).toEqual(['not done: install the unit lucid.service'])
})

test('every program of a host is in this checkout, and is a program of sh', async () => {
  for (const text of Object.values(readPrograms())) {
    expect(text).toStartWith('#!/bin/sh\n')
    expect(await lease.shell.run('sh -n', { input: text })).toMatchObject({ code: 0 })
  }
})
