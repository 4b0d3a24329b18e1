import { bytes, duration, plural } from '#common/cli/format'
import { CliError } from '../cli/fail.ts'
import { MEMORY_BUDGET } from '../derive/network.ts'
import { whoami } from '../host/open.ts'
import { commandLine } from '../host/quote.ts'
import { requireSuccess } from '../host/shell.ts'
import { composeFile, membersOf, type Release } from '../release/content/release.ts'
import { askStates, differences, observeHost, readRelease } from '../release/host/observe.ts'
import { openRun, previousOf } from '../release/run/journal.ts'
import type { Show } from '../release/run/perform.ts'
import { runRelease } from '../release/run/run.ts'
import { forward, irreversible, stepName } from '../release/run/steps.ts'
import { newRunId } from '../release/run/timing.ts'
import { memberOf, NEEDS_DISTURB, type Touched, touching, tried, untilWell, whileStopped } from './disturb.ts'
import { exercise } from './exercise.ts'
import type { Report } from './group.ts'
import { lookAt } from './looked-at.ts'
import type { HostPlace, Place } from './place.ts'
import { fail, judged, notRun, pass, type Row } from './row.ts'
import { watchHost } from './watch.ts'

/** The service that is put in its own place, and stopped for the watch: nobody's work waits for it. */
const LEAST_MISSED = 'openapi-gateway'
/** SPEC section 10: health of all services within this, ms. */
const HEALTH_MS = 2_000
/** A rollback without a network, ms. */
const ROLLBACK_MS = 15_000

const releaseRows = async ({
  opened: { shell },
  observed,
  bundle,
  promised,
}: HostPlace): Promise<readonly Row[]> => {
  const { release, files, support } = bundle
  const cut = openRun(observed.entries)
  return [
    // Every file was read and held against the hashes of release.json, else there would be no place.
    pass('the release is whole', release.id, plural(Object.keys({ ...files, ...support }).length, 'file')),
    judged('no run was cut', shell.name, {
      wrong:
        cut === undefined
          ? []
          : [`${cut.begin.what} by ${cut.begin.by} never ended: the next command finishes or undoes it`],
      figure: `${observed.entries.length} lines of journal`,
    }),
    judged('runs as released', release.id, {
      wrong: await differences(shell, release),
      figure: plural(promised.length, 'container'),
    }),
    pass('steps of a deploy', release.id, forward(release, release).map(stepName).join(', ')),
  ]
}

/** The release before, when the host still has all of it. */
const previous = async ({
  opened: { shell, target },
  observed,
  bundle,
}: HostPlace): Promise<{ readonly row: Row; readonly release: Release | undefined }> => {
  const check = 'a rollback has all it needs'
  const id = previousOf(observed.entries, observed.current)
  if (id === undefined)
    return {
      row: notRun(check, shell.name, 'the host has had no release before this one'),
      release: undefined,
    }
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
    ...irreversible(bundle.release, release).map((one) => `migration ${one} cannot be undone`),
  ]
  return {
    row: judged(check, id, { wrong, figure: plural(names.length, 'image') }),
    release: wrong.length === 0 ? release : undefined,
  }
}

const watchRow = (place: HostPlace): Promise<Row> =>
  tried('the health watch judges the host', place.opened.shell.name, async () => {
    const said = await watchHost(place)
    const bad = said.filter(({ state }) => state === 'bad')
    if (bad.length > 0)
      throw new CliError(bad.map(({ subject, detail }) => `${subject}: ${detail}`).join('; '))
    const warned = said.filter(({ state }) => state !== 'ok')
    return `${said.length} findings, ${plural(warned.length, 'warning')}${warned.length > 0 ? ` (${warned.map(({ subject }) => subject).join(', ')})` : ''}`
  })

const performanceRows = async (place: HostPlace): Promise<readonly Row[]> => {
  const { opened, promised } = place
  const { findings } = await exercise(place, { parts: ['health'] })
  const times = findings.flatMap(({ result, detail }) =>
    result === 'pass' ? [Number.parseInt(detail, 10)] : [],
  )
  const slowest = Math.max(0, ...times)
  const sick = findings
    .filter(({ result }) => result !== 'pass')
    .map(({ subject }) => `${subject} is not well`)
  const at = await lookAt(opened.shell, promised, [])
  const used = promised.reduce((sum, { container }) => sum + (at.usage.get(container)?.memory ?? 0), 0)
  const limits = promised.reduce((sum, { memory }) => sum + memory, 0)
  return [
    judged('every service answers in time', `${findings.length} services`, {
      wrong: [...sick, ...(slowest <= HEALTH_MS ? [] : [`the slowest took ${slowest} ms`])],
      figure: `slowest ${slowest} ms of ${HEALTH_MS} ms`,
    }),
    judged('memory limits within the budget', opened.shell.name, {
      wrong: limits <= MEMORY_BUDGET ? [] : [`${bytes(limits)} of ${bytes(MEMORY_BUDGET)}`],
      figure: `limits ${bytes(limits)} of ${bytes(MEMORY_BUDGET)}, used ${bytes(used)}`,
    }),
  ]
}

/** When each container was started last; those that are run once and end are run by every `up`. */
const startsOf = async ({
  opened: { shell },
  bundle,
}: HostPlace): Promise<ReadonlyMap<string, number | undefined>> => {
  const lasting = membersOf(bundle.release).filter(({ proof }) => proof.kind !== 'ends')
  return new Map((await askStates(shell, lasting)).map(({ name, startedAt }) => [name, startedAt]))
}

/** Every stack brought up again, in order: nothing may be started anew. */
const stageRows = async (touched: Touched, { add, doing }: Report): Promise<void> => {
  const { place, host } = touched
  const { release } = place.bundle
  for (const { stack, members } of release.stacks) {
    doing(`bringing up ${stack} again`)
    add(
      await tried('a stage again: nothing restarts', stack, async () => {
        const before = await startsOf(place)
        await host.up(release, stack)
        await untilWell(touched, members)
        const after = await startsOf(place)
        const again = [...after]
          .filter(([container, at]) => before.get(container) !== at)
          .map(([container]) => container)
        if (again.length > 0) throw new CliError(`started again: ${again.join(', ')}`)
        return `${plural(members.length, 'container')}, 0 restarts`
      }),
    )
  }
}

const sameAgain = (touched: Touched): Promise<Row> =>
  tried('one service replaced by itself', LEAST_MISSED, async () => {
    const { place, lease } = touched
    const member = memberOf(place, LEAST_MISSED)
    const stack = place.bundle.release.stacks.find(({ members }) => members.includes(member))?.stack
    if (stack === undefined) throw new CliError(`${LEAST_MISSED} has no stack`)
    const file = `${lease.dir}/releases/${place.bundle.release.id}/${composeFile(stack)}`
    const before = await startsOf(place)
    await requireSuccess(
      `${LEAST_MISSED} cannot be replaced`,
      lease.run(
        commandLine(
          'docker',
          'compose',
          '--file',
          file,
          'up',
          '--detach',
          '--no-build',
          '--no-deps',
          '--force-recreate',
          LEAST_MISSED,
        ),
      ),
    )
    await untilWell(touched, [member])
    const others = [...(await startsOf(place))].filter(
      ([container, at]) => container !== member.container && before.get(container) !== at,
    )
    if (others.length > 0) throw new CliError(`started again too: ${others.map(([name]) => name).join(', ')}`)
    return 'healthy, nobody else restarted'
  })

const seenStopped = (touched: Touched): Promise<Row> =>
  tried('the watch sees a stopped container', LEAST_MISSED, async () => {
    let said = ''
    await whileStopped(touched, memberOf(touched.place, LEAST_MISSED), async () => {
      const found = (await watchHost(touched.place)).find(
        ({ subject, state }) => subject === LEAST_MISSED && state === 'bad',
      )
      if (found === undefined) throw new CliError('the watch does not call it bad')
      said = found.detail
    })
    return `'${said}', then started again`
  })

/** Nobody watches the run: the group has a line of its own. */
const unseen: Show = { step: () => {}, seen: () => {}, note: () => {}, progress: () => {} }

/**
 * Brings the host to a release that it holds, by the deployer's own run. Nothing is pruned behind it, as the commands
 * do: the release that was gone back from must still be there to go forward to.
 */
const bringTo = (place: HostPlace, kind: 'rollback' | 'deploy', to: Release): Promise<unknown> => {
  const what = `${kind} to ${to.id} for a test`
  return touching(place, what, ({ host }) =>
    runRelease(
      {
        host,
        timing: { now: Date.now, pause: Bun.sleep, limitMs: 60_000, settleMs: 5_000 },
        show: unseen,
        newId: newRunId,
      },
      { kind, bundle: kind === 'deploy' ? place.bundle : undefined, to, by: whoami(), what },
    ),
  )
}

const thereAndBack = async (place: HostPlace, before: Release, { add, doing }: Report): Promise<void> => {
  doing(`rolling back to ${before.id}`)
  const there = await tried('rollback', before.id, async () => {
    const began = performance.now()
    await bringTo(place, 'rollback', before)
    const ms = performance.now() - began
    if (ms > ROLLBACK_MS)
      throw new CliError(`it is back, after ${duration(ms)} and not ${duration(ROLLBACK_MS)}`)
    return 'without a registry'
  })
  add(there)
  doing(`forward again to ${place.bundle.release.id}`)
  add(
    await tried('forward again', place.bundle.release.id, async () => {
      await bringTo(place, 'deploy', place.bundle.release)
      const { current } = await observeHost(place.opened.shell, place.opened.target.dir)
      if (current !== place.bundle.release.id) throw new CliError(`the host is on ${current ?? 'nothing'}`)
      return 'from what the host holds'
    }),
  )
}

const touchingChecks = [
  'a stage again: nothing restarts',
  'one service replaced by itself',
  'the watch sees a stopped container',
  'rollback',
  'forward again',
] as const

/** A deploy as a whole: stages, rollback, monitoring, performance. */
export const testStaged = async (
  place: Place,
  report: Report,
  { disturb }: { readonly disturb: boolean },
): Promise<void> => {
  const { add, doing } = report
  if (place.kind === 'local') {
    for (const check of ['the release is whole', 'a rollback has all it needs', ...touchingChecks])
      add(notRun(check, 'this machine', 'bun run up has no releases: name a host'))
    return
  }
  doing('reading the release')
  add(...(await releaseRows(place)))
  const { row, release: before } = await previous(place)
  add(row)
  doing('running the health watch')
  add(await watchRow(place))
  doing('measuring')
  add(...(await performanceRows(place)))
  if (!disturb) {
    for (const check of touchingChecks) add(notRun(check, place.opened.shell.name, NEEDS_DISTURB))
    return
  }
  await touching(place, 'test:staged', async (touched) => {
    await stageRows(touched, report)
    doing(`replacing ${LEAST_MISSED} by itself`)
    add(await sameAgain(touched))
    doing(`stopping ${LEAST_MISSED}`)
    add(await seenStopped(touched))
  })
  if (before === undefined)
    for (const check of ['rollback', 'forward again']) add(notRun(check, place.opened.shell.name, row.detail))
  else await thereAndBack(place, before, report)
}
