import { setTimeout as sleep } from 'node:timers/promises'
import { CliError } from '../../cli/fail.ts'
import type { Timing } from './release-host.ts'

const parseSeconds = (flag: string, text: string | undefined, otherwise: number): number => {
  const seconds = text === undefined ? otherwise : Number(text)
  if (!Number.isFinite(seconds) || seconds < 0 || seconds > 3_600)
    throw new CliError(`--${flag} takes seconds, 0 to 3600`)
  return seconds
}

/** Longest time until a service is well, seconds (SPEC section 10). */
export const HEALTH_S = 60
/** How long a service that was started must stay well, seconds: an engine starts one that crashed again within a second. */
export const SETTLE_S = 5

export const parseTiming = (flags: {
  readonly timeout: string | undefined
  readonly settle: string | undefined
}): Timing => ({
  now: Date.now,
  pause: (ms) => sleep(ms),
  limitMs: parseSeconds('timeout', flags.timeout, HEALTH_S) * 1000,
  settleMs: parseSeconds('settle', flags.settle, SETTLE_S) * 1000,
})

/** The flags of everything that is gated on health. */
export const gateFlags = {
  timeout: { type: 'string', value: 'S', about: `seconds until a service must be healthy (${HEALTH_S})` },
  settle: { type: 'string', value: 'S', about: `seconds that what was started must stay healthy (${SETTLE_S})` },
} as const
