import { randomUUID } from 'node:crypto'
import { duration } from '#common/cli/format'
import { CliError } from '../cli/fail.ts'
import { whoami } from '../host/open.ts'
import type { Release } from '../release/content/release.ts'
import { observeHost } from '../release/host/observe.ts'
import { applyRelease } from '../release/run/apply.ts'
import type { RunDisplay } from '../release/run/perform.ts'
import { tryCheck, withLeasedPlatform } from './fault-injection.ts'
import type { HostPlatform } from './platform.ts'
import type { Report } from './run-tests.ts'

/** A rollback without a network, ms. */
const ROLLBACK_MS = 15_000

/** Nobody watches the run: the group has a line of its own. */
const hidden: RunDisplay = { step: () => {}, health: () => {}, note: () => {}, progress: () => {} }

/**
 * Brings the host to a release that it holds, by the deployer's own run. Nothing is pruned behind it, as the commands
 * do: the release that was gone back from must still be there to go forward to.
 */
const bringTo = (platform: HostPlatform, kind: 'rollback' | 'deploy', to: Release): Promise<unknown> => {
  const what = `${kind} to ${to.id} for a test`
  return withLeasedPlatform(platform, what, ({ host }) =>
    applyRelease(
      {
        host,
        timing: { now: Date.now, pause: Bun.sleep, limitMs: 60_000, settleMs: 5_000 },
        show: hidden,
        newId: randomUUID,
      },
      { kind, bundle: kind === 'deploy' ? platform.bundle : undefined, to, by: whoami(), what },
    ),
  )
}

export const rollBackAndForward = async (
  platform: HostPlatform,
  before: Release,
  { add, doing }: Report,
): Promise<void> => {
  doing(`rolling back to ${before.id}`)
  const there = await tryCheck('rollback', before.id, async () => {
    const began = performance.now()
    await bringTo(platform, 'rollback', before)
    const ms = performance.now() - began
    if (ms > ROLLBACK_MS) throw new CliError(`it is back, after ${duration(ms)} and not ${duration(ROLLBACK_MS)}`)
    return 'without a registry'
  })
  add(there)
  doing(`forward again to ${platform.bundle.release.id}`)
  add(
    await tryCheck('forward again', platform.bundle.release.id, async () => {
      await bringTo(platform, 'deploy', platform.bundle.release)
      const { current } = await observeHost(platform.opened.shell, platform.opened.target.dir)
      if (current !== platform.bundle.release.id) throw new CliError(`the host is on ${current ?? 'nothing'}`)
      return 'from what the host holds'
    }),
  )
}
