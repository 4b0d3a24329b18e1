import { setTimeout as sleep } from 'node:timers/promises'
import { duration } from '#common/cli/format'
import { errorMessage } from '#common/process/error'
import type { Lease } from '../host/lease.ts'
import { withLease } from '../host/open.ts'
import { commandLine } from '../host/quote.ts'
import { requireSuccess } from '../host/shell.ts'
import type { Member } from '../release/content/release.ts'
import { listMembers } from '../release/content/release.ts'
import { openWatch } from '../release/run/gate.ts'
import type { ReleaseHost } from '../release/run/release-host.ts'
import { openShellHost } from '../release/run/shell-host.ts'
import type { HostPlatform } from './platform.ts'
import type { Row } from './row.ts'
import { fail, pass } from './row.ts'

/** The flag without which nothing that runs is touched. */
export const disturbFlag = {
  disturb: {
    type: 'boolean',
    about: 'also what touches the running platform: stops and starts containers, for seconds each',
  },
} as const

export const NEEDS_DISTURB = 'needs --disturb: it touches the running platform'

/** A host whose containers may be touched, under the lease. */
export type LeasedPlatform = { readonly lease: Lease; readonly host: ReleaseHost; readonly platform: HostPlatform }

/** Longest time until a container that was started is well, and how long it must stay so, ms. */
const WELL = { limitMs: 60_000, settleMs: 2_000 } as const

/** Takes the lease of the host for as long as the work lasts: no deployer is at work meanwhile. */
export const withLeasedPlatform = <T>(
  platform: HostPlatform,
  what: string,
  work: (leased: LeasedPlatform) => Promise<T>,
): Promise<T> =>
  withLease(platform.opened, { what, onWait: () => {} }, (lease) =>
    work({ lease, platform, host: openShellHost(lease, { kind: 'none' }) }),
  )

/** Waits until containers are well. Throws Unhealthy with the last lines of the culprit. */
export const waitUntilWell = async ({ host }: LeasedPlatform, members: readonly Member[]): Promise<void> => {
  const timing = { now: Date.now, pause: (ms: number) => sleep(ms), ...WELL }
  await openWatch(host, timing, () => {}).until(members)
}

/** The container of a service of the release. Throws RangeError when there is none. */
export const findMember = ({ bundle }: HostPlatform, service: string): Member => {
  const found = listMembers(bundle.release).find((member) => member.service === service)
  if (found === undefined) throw new RangeError(`${bundle.release.id} has no ${service}`)
  return found
}

/** Stops a container, does the work, and starts it again whatever happens; answers how long it took to be well, ms. */
export const whileStopped = async (
  leased: LeasedPlatform,
  member: Member,
  work: () => Promise<void>,
): Promise<number> => {
  const { lease } = leased
  const docker = (what: string, ...words: readonly string[]) =>
    requireSuccess(what, lease.run(commandLine('docker', ...words, member.container)))
  try {
    await docker(`${member.container} cannot be stopped`, 'stop')
    await work()
  } finally {
    await docker(`${member.container} cannot be started`, 'start')
  }
  const began = performance.now()
  await waitUntilWell(leased, [member])
  return performance.now() - began
}

/** A row from work that answers a figure; what it throws is what is wrong. */
export const tryCheck = async (check: string, subject: string, work: () => Promise<string>): Promise<Row> => {
  const began = performance.now()
  try {
    const figure = await work()
    return pass(check, subject, [figure, duration(performance.now() - began)].filter(Boolean).join(', '))
  } catch (error) {
    return fail(check, subject, errorMessage(error))
  }
}
