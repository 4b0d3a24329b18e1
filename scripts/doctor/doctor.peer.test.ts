import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Argv, live } from '../cli/run.ts'
import { repository } from '../platform/home.ts'
import { type InjectedFault, rounds, together } from '../testing/doctor/faults.ts'
import { asRoot, installRelease } from '../testing/doctor/release.ts'
import { type Pi, startPi } from '../testing/peers/pi/pi.ts'
import type { RootCause } from './finding.ts'

// Only a hang is ended by it.
setDefaultTimeout(300_000)

const folder = mkdtempSync(join(tmpdir(), 'lucid-dr-'))
// A disk of its own size, so that it can be full without the machine's being so.
const pi = await startPi({ folder: join(folder, 'pi'), diskBytes: 64 * 2 ** 20 })
if ('absent' in pi) console.log(`NOT RUN: ${pi.absent} (faults injected on an emulated Pi)`)
const full = process.env['LUCID_FULL'] === '1'
if (!full) console.log(`NOT RUN: only with --full (${rounds.flat().length} more faults injected on an emulated Pi)`)

/** A program that turns in a circle reaches its limit only where it gets that much of a processor. */
const busy = full && (loadavg()[0] ?? 0) > availableParallelism() * 4
if (busy) console.log('NOT RUN: this machine has too much other work (a container held up by its processor limit)')
const injected = rounds.map((faults) => faults.filter(({ kind }) => !(busy && kind === 'processor-limit')))

afterAll(async () => {
  if (!('absent' in pi)) await pi.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** What the machine under the emulated Pi does is not the emulated Pi's: others work on it. */
const MACHINE = ['load', 'slow-disk', 'host-memory', 'swapping', 'no-memory-limits', 'no-name-server']

type Report = {
  readonly ok: boolean
  readonly findings: readonly RootCause[]
  readonly not_inspected: readonly string[]
}

const envOf = ({ sshConfig, host }: Pi) => ({
  LUCID_HOST: host,
  LUCID_SSH_CONFIG: sshConfig,
  LUCID_HOME: join(folder, 'home'),
})

/** What `bun run doctor --json` tells of the emulated Pi. */
const doctor = async (on: Pi): Promise<Report> => {
  const ran = await live(['bun', 'run', 'doctor', '--json'], { cwd: repository, env: envOf(on) })
  expect([0, 1], ran.err).toContain(ran.code)
  const report = JSON.parse(ran.out) as Report
  expect(ran.code).toBe(report.ok ? 0 : 1)
  const findings = report.findings.filter(
    ({ kind, subject, what }) =>
      !(subject === 'host' && (MACHINE.includes(kind) || (kind === 'disk-full' && !what.startsWith('/mnt/myssd')))),
  )
  return { ...report, findings }
}

/** Does what the doctor said, to the letter. The emulated Pi has no sudo: its root does what is asked of sudo. */
const repairHost = async (on: Pi, { repair, kind }: RootCause) => {
  for (const { on: where, line } of repair) {
    const argv: Argv =
      where === 'here'
        ? ['sh', '-c', line]
        : line.includes('sudo ')
          ? on.enter(['sh', '-c', `sudo() { "$@"; }\n${line}`])
          : ['ssh', '-F', on.sshConfig, on.host, line]
    const { code, out, err } = await live(argv, { cwd: repository, env: envOf(on) })
    expect({ kind, line, code, said: code === 0 ? '' : `${out}${err}` }).toEqual({ kind, line, code: 0, said: '' })
  }
}

/** Looks again until nothing is found: what depends on what was repaired takes a health check or two to notice. */
const clean = async (on: Pi) => {
  const until = performance.now() + 90_000
  let report = await doctor(on)
  while (report.findings.length > 0 && performance.now() < until) report = await doctor(on)
  expect({ findings: report.findings, gaps: report.not_inspected }).toEqual({ findings: [], gaps: [] })
}

type Named = Pick<InjectedFault, 'family' | 'kind' | 'subject'>

const byKind = (a: Named, b: Named) => a.kind.localeCompare(b.kind)
const named = ({ findings }: Report): readonly Named[] =>
  findings.map(({ family, kind, subject }) => ({ family, kind, subject })).toSorted(byKind)
const name = ({ family, kind, subject }: InjectedFault): Named => ({ family, kind, subject })

describe.skipIf('absent' in pi)('a host that is an emulated Pi', () => {
  if ('absent' in pi) return
  beforeAll(async () => {
    const release = await installRelease(pi, folder)
    if ('absent' in release) throw new Error(release.absent)
  })

  const round = async (faults: readonly InjectedFault[]) => {
    for (const { script } of faults) await asRoot(pi, script)
    const report = await doctor(pi)
    for (const { instead } of faults) if (instead !== undefined) await asRoot(pi, instead)
    const byHand = faults.flatMap(({ kind, instead }) => (instead === undefined ? [] : [kind]))
    for (const finding of report.findings) if (!byHand.includes(finding.kind)) await repairHost(pi, finding)
    await clean(pi)
    // Said last, so that what was taken for something else is gone when the next round begins.
    expect(named(report)).toEqual(faults.map(name).toSorted(byKind))
  }

  test(`has ${together.length} faults at once: each is named as its own, and what is said repairs it`, () =>
    round(together))

  describe.skipIf(!full)('with others at once', () => {
    test.each(injected.map((faults) => [faults.map(({ form }) => form).join('; '), faults] as const))(
      '%s',
      (_, faults) => round(faults),
    )
  })
})
