import { plural } from '#common/cli/format'
import { CliError } from '../cli/fail.ts'
import { commandLine } from '../host/quote.ts'
import { requireSuccess } from '../host/shell.ts'
import { composeFile, listMembers } from '../release/content/release.ts'
import { askStates } from '../release/host/observe.ts'
import { findMember, type LeasedPlatform, tryCheck, waitUntilWell, whileStopped } from './fault-injection.ts'
import { runHealthWatch } from './health-watch.ts'
import type { HostPlatform } from './platform.ts'
import type { Row } from './row.ts'
import type { Report } from './run-tests.ts'

/** The service that is replaced by itself, and stopped for the watch: nobody's work waits for it. */
export const LEAST_MISSED = 'openapi-gateway'
/** When each container was started last; those that are run once and end are run by every `up`. */
const listStarts = async ({
  opened: { shell },
  bundle,
}: HostPlatform): Promise<ReadonlyMap<string, number | undefined>> => {
  const lasting = listMembers(bundle.release).filter(({ proof }) => proof.kind !== 'ends')
  return new Map((await askStates(shell, lasting)).map(({ name, startedAt }) => [name, startedAt]))
}

/** Every stack brought up again, in order: nothing may be started anew. */
export const stageRows = async (leased: LeasedPlatform, { add, doing }: Report): Promise<void> => {
  const { platform, host } = leased
  const { release } = platform.bundle
  for (const { stack, members } of release.stacks) {
    doing(`bringing up ${stack} again`)
    add(
      await tryCheck('a stage again: nothing restarts', stack, async () => {
        const before = await listStarts(platform)
        await host.up(release, stack, { remake: [], remove: [] })
        await waitUntilWell(leased, members)
        const after = await listStarts(platform)
        const again = [...after]
          .filter(([container, at]) => before.get(container) !== at)
          .map(([container]) => container)
        if (again.length > 0) throw new CliError(`started again: ${again.join(', ')}`)
        return `${plural(members.length, 'container')}, 0 restarts`
      }),
    )
  }
}

export const replaceOne = (leased: LeasedPlatform): Promise<Row> =>
  tryCheck('one service replaced by itself', LEAST_MISSED, async () => {
    const { platform, lease } = leased
    const member = findMember(platform, LEAST_MISSED)
    const stack = platform.bundle.release.stacks.find(({ members }) => members.includes(member))?.stack
    if (stack === undefined) throw new CliError(`${LEAST_MISSED} has no stack`)
    const file = `${lease.dir}/releases/${platform.bundle.release.id}/${composeFile(stack)}`
    const before = await listStarts(platform)
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
    await waitUntilWell(leased, [member])
    const others = [...(await listStarts(platform))].filter(
      ([container, at]) => container !== member.container && before.get(container) !== at,
    )
    if (others.length > 0) throw new CliError(`started again too: ${others.map(([name]) => name).join(', ')}`)
    return 'healthy, nobody else restarted'
  })

export const watchStopped = (leased: LeasedPlatform): Promise<Row> =>
  tryCheck('the watch sees a stopped container', LEAST_MISSED, async () => {
    let said = ''
    await whileStopped(leased, findMember(leased.platform, LEAST_MISSED), async () => {
      const found = (await runHealthWatch(leased.platform)).find(
        ({ subject, state }) => subject === LEAST_MISSED && state === 'bad',
      )
      if (found === undefined) throw new CliError('the watch does not call it bad')
      said = found.evidence
    })
    return `'${said}', then started again`
  })
