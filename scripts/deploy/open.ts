import { randomUUID } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { CliError } from '../cli/fail.ts'
import { type Holder, type Lease, takeLease } from '../host/lease.ts'
import { openShell, type Shell } from '../host/shell.ts'
import { type Target, targetOf } from '../host/target.ts'
import { type Home, homeFrom } from '../platform/home.ts'
import type { Timing } from './host.ts'

/** A host that a command talks to, and this machine's state folder. */
export type Opened = { readonly shell: Shell; readonly target: Target; readonly home: Home }

/** Opens a shell on the host that the flags, the environment or the last deploy name. */
export const openHost = (
  flags: Parameters<typeof targetOf>[0],
  env: Readonly<Record<string, string | undefined>>,
): Opened => {
  const home = homeFrom(env)
  const target = targetOf(flags, env, home)
  return {
    home,
    target,
    shell: openShell({
      host: target.host,
      env,
      ...(target.sshConfig !== undefined && { sshConfig: target.sshConfig }),
    }),
  }
}

/** Who runs this command, for journals and leases. */
export const whoami = (): string =>
  `${process.env['USER'] || process.env['USERNAME'] || userInfo().username}@${hostname()}`

/** Takes the lease of a host, does the work, gives it back; also when the work fails. */
export const withLease = async <T>(
  { shell, target }: Opened,
  what: string,
  onWait: (text: string) => void,
  work: (lease: Lease) => Promise<T>,
): Promise<T> => {
  const holder: Holder = { by: whoami(), machine: hostname(), pid: process.pid, what }
  const lease = await takeLease(shell, target.dir, holder, { onWait })
  try {
    return await work(lease)
  } finally {
    await lease.release()
  }
}

/** Id of a new run. */
export const newRunId = (): string => randomUUID()

/** Seconds from a flag. Throws CliError for anything else. */
export const secondsOf = (flag: string, text: string | undefined, otherwise: number): number => {
  const seconds = text === undefined ? otherwise : Number(text)
  if (!Number.isFinite(seconds) || seconds < 0 || seconds > 3_600)
    throw new CliError(`--${flag} takes seconds, 0 to 3600`)
  return seconds
}

/** Longest time until a service is well, seconds (SPEC section 10). */
export const HEALTH_S = 60
/** How long a service that was started must stay well, seconds: an engine starts one that crashed again within a second. */
export const SETTLE_S = 5

export const timingOf = (flags: {
  readonly timeout: string | undefined
  readonly settle: string | undefined
}): Timing => ({
  now: Date.now,
  pause: (ms) => sleep(ms),
  limitMs: secondsOf('timeout', flags.timeout, HEALTH_S) * 1000,
  settleMs: secondsOf('settle', flags.settle, SETTLE_S) * 1000,
})

/** The flags of everything that is gated on health. */
export const gateFlags = {
  timeout: { type: 'string', value: 'S', about: `seconds until a service must be healthy (${HEALTH_S})` },
  settle: {
    type: 'string',
    value: 'S',
    about: `seconds that what was started must stay healthy (${SETTLE_S})`,
  },
} as const
