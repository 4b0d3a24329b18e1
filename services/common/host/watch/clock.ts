import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'
import { duration } from '../../cli/format.ts'
import { type Finding, ok, warn } from '../finding.ts'
import type { Counts, History } from './history.ts'

/** The start of this machine: its name, and when it was, epoch ms by the clock as it is set now. */
export type Boot = { readonly id: string; readonly at: number }

const SUBJECT = 'clock:machine'
/** A clock that is kept right by small steps is well, s; what differs by less is not written down again, s. */
const LEAST = 30
const JITTER = 2

const readBootId = (): string => {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return 'unknown'
  }
}

/** When this machine was started; it moves when somebody sets the clock, and only then. `now` epoch ms. */
export const readBoot = (now: number): Boot => ({ id: readBootId(), at: Math.max(0, now - uptime() * 1000) })

const findStep = ({ id, at }: Boot, counts: Counts): number | undefined => {
  const before = counts.get(SUBJECT)
  return before === undefined || before.id !== id ? undefined : Math.round(at / 1000) - before.count
}

/** What is to be written down of a start, to be compared at the next check; nothing where that is there already. */
export const countBoot = (boot: Boot, counts: Counts): Counts =>
  Math.abs(findStep(boot, counts) ?? JITTER) < JITTER
    ? new Map()
    : new Map([[SUBJECT, { id: boot.id, count: Math.round(boot.at / 1000) }]])

/** The line on a clock that was set since the last check: the machine's same start is at another time. */
export const judgeClock = (boot: Boot, { counts, states }: Pick<History, 'counts' | 'states'>): readonly Finding[] => {
  const step = findStep(boot, counts) ?? 0
  if (Math.abs(step) >= LEAST)
    return [
      {
        subject: SUBJECT,
        ...warn(
          `the clock was set ${step < 0 ? 'back' : 'ahead'} by ${duration(Math.abs(step) * 1000)} since the last check`,
          'timedatectl says who sets it; recordings of that time state times by both clocks',
        ),
      },
    ]
  return states.get(SUBJECT) === 'warn' ? [{ subject: SUBJECT, ...ok() }] : []
}
