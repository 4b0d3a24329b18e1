import { bytes, plural } from '#common/cli/format'
import { CliError } from '../cli/fail.ts'
import { MEMORY_BUDGET } from '../derive/network.ts'
import { collectFacts } from '../host/collect.ts'
import { commandLine } from '../host/quote.ts'
import { findIrreversible } from '../release/content/migrations.ts'
import type { Release } from '../release/content/release.ts'
import { formatDrift } from '../release/drift/drift.ts'
import { observeDrift, readRelease } from '../release/host/observe.ts'
import { readVolumes } from '../release/host/volume-marks.ts'
import { findOpenRun, findPreviousId } from '../release/run/journal.ts'
import { formatStep, planForward } from '../release/run/plan.ts'
import { tryCheck } from './fault-injection.ts'
import { runHealthWatch } from './health-watch.ts'
import type { HostPlatform } from './platform.ts'
import { runProbes } from './probes.ts'
import { fail, makeJudged, notRun, pass, type Row } from './row.ts'

/** SPEC section 10: health of all services within this, ms. */
const HEALTH_MS = 2_000
export const releaseRows = async ({
  opened: { shell, target },
  observed,
  bundle,
  expected,
}: HostPlatform): Promise<readonly Row[]> => {
  const { release, files, support } = bundle
  const cut = findOpenRun(observed.entries)
  const { faults: lost } = await readVolumes(shell, target.dir, [])
  return [
    // Every text was read and held against the hashes of release.json, else there would be nothing to open.
    pass('the release is whole', release.id, plural(Object.keys({ ...files, ...support }).length, 'file')),
    makeJudged('no run was cut', shell.name, {
      wrong:
        cut === undefined
          ? []
          : [`${cut.begin.what} by ${cut.begin.by} never ended: the next command finishes or undoes it`],
      figure: `${observed.entries.length} lines of journal`,
    }),
    makeJudged('runs as released', release.id, {
      wrong: (await observeDrift(shell, target.dir, bundle)).map(formatDrift),
      figure: plural(expected.length, 'container'),
    }),
    makeJudged('its data is where it was', shell.name, {
      wrong: lost.map(({ subject, evidence }) => `${subject} ${evidence}`),
      figure: plural(release.volumes.length, 'volume'),
    }),
    pass('steps of a deploy', release.id, planForward(release, release).map(formatStep).join(', ')),
  ]
}

/** The release before, when the host still has all of it. */
export const findPrevious = async ({
  opened: { shell, target },
  observed,
  bundle,
}: HostPlatform): Promise<{ readonly row: Row; readonly release: Release | undefined }> => {
  const check = 'a rollback has all it needs'
  const id = findPreviousId(observed.entries, observed.current)
  if (id === undefined)
    return { row: notRun(check, shell.name, 'the host has had no release before this one'), release: undefined }
  const release = await readRelease(shell, target.dir, id)
  if (release === undefined) return { row: fail(check, id, 'its files are gone'), release: undefined }
  const names = [...release.images, ...release.stock].map(({ name }) => name)
  const { out } = await shell.run(
    names
      .map(
        (name) =>
          `${commandLine('docker', 'image', 'inspect', '--format', '{{.Id}}', name)} >/dev/null 2>&1 || echo ${commandLine(name)}`,
      )
      .join('\n'),
  )
  const wrong = [
    ...out
      .split('\n')
      .filter(Boolean)
      .map((name) => `the image ${name} is gone`),
    ...findIrreversible(bundle.release, release).map((one) => `migration ${one} cannot be undone`),
  ]
  return {
    row: makeJudged(check, id, { wrong, figure: plural(names.length, 'image') }),
    release: wrong.length === 0 ? release : undefined,
  }
}

export const watchRow = (platform: HostPlatform): Promise<Row> =>
  tryCheck('the health watch judges the host', platform.opened.shell.name, async () => {
    const findings = await runHealthWatch(platform)
    const bad = findings.filter(({ state }) => state === 'bad')
    if (bad.length > 0) throw new CliError(bad.map(({ subject, evidence }) => `${subject}: ${evidence}`).join('; '))
    const warned = findings.filter(({ state }) => state !== 'ok')
    return `${findings.length} findings, ${plural(warned.length, 'warning')}${warned.length > 0 ? ` (${warned.map(({ subject }) => subject).join(', ')})` : ''}`
  })

export const performanceRows = async (platform: HostPlatform): Promise<readonly Row[]> => {
  const { opened, expected } = platform
  const { findings } = await runProbes(platform, { parts: ['health'] })
  const times = findings.flatMap(({ result, detail }) => (result === 'pass' ? [Number.parseInt(detail, 10)] : []))
  const slowest = Math.max(0, ...times)
  const unwell = findings.filter(({ result }) => result !== 'pass').map(({ subject }) => `${subject} is not well`)
  const { containers } = await collectFacts(opened.shell, opened.target.dir, 'preflight')
  const used = containers.reduce((sum, { memoryUsed = 0 }) => sum + memoryUsed, 0)
  const limits = expected.reduce((sum, { memory }) => sum + memory, 0)
  return [
    makeJudged('every service answers in time', `${findings.length} services`, {
      wrong: [...unwell, ...(slowest <= HEALTH_MS ? [] : [`the slowest took ${slowest} ms`])],
      figure: `slowest ${slowest} ms of ${HEALTH_MS} ms`,
    }),
    makeJudged('memory limits within the budget', opened.shell.name, {
      wrong: limits <= MEMORY_BUDGET ? [] : [`${bytes(limits)} of ${bytes(MEMORY_BUDGET)}`],
      figure: `limits ${bytes(limits)} of ${bytes(MEMORY_BUDGET)}, used ${bytes(used)}`,
    }),
  ]
}
