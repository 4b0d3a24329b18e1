import type { Sections } from './sections.ts'
import { readNumber } from './values.ts'

/** What a container takes of its limits beside memory, from the kernel's control groups (version 1 or 2). */
export type LimitUse = {
  readonly pids: number
  readonly pidsMax: number
  /** How often a process was refused since it was started. */
  readonly pidsRefused: number
  /** Of the periods while we measured, those in which it was held up by its processor limit. */
  readonly periods: number
  readonly throttled: number
}

/** What only says something as a difference, over a second and more. */
export type Counters = {
  /** Pages that went to and came from swap. */
  readonly swapping: number
  /** Device to the milliseconds that one operation took, with the number of operations. */
  readonly waits: readonly { readonly device: string; readonly ms: number; readonly operations: number }[]
  readonly limitUse: Readonly<Record<string, LimitUse>>
}

type Lines = readonly string[]

const countSwapped = (lines: Lines): number => lines.reduce((sum, line) => sum + readNumber(line.split(' ')[1]), 0)

type Operations = { readonly operations: number; readonly ms: number }

/** Reads and writes that ended, and the time they took (Documentation/admin-guide/iostats.rst). */
const parseDisks = (lines: Lines): ReadonlyMap<string, Operations> =>
  new Map(
    lines.map((line) => {
      const [, , device = '', reads, , , readMs, writes, , , writeMs] = line.trim().split(/\s+/)
      return [
        device,
        { operations: readNumber(reads) + readNumber(writes), ms: readNumber(readMs) + readNumber(writeMs) },
      ]
    }),
  )

const measureWaits = (before: Lines, after: Lines): Counters['waits'] => {
  const earlier = parseDisks(before)
  return [...parseDisks(after)].flatMap(([device, now]) => {
    const then = earlier.get(device)
    const operations = now.operations - (then?.operations ?? now.operations)
    if (then === undefined || operations <= 0 || /^(?:loop|ram|zram)/.test(device)) return []
    return [{ device, operations, ms: (now.ms - then.ms) / operations }]
  })
}

/** Lines `ID FILE VALUE`; a limit of `max` is none. */
const parseGroups = (lines: Lines): ReadonlyMap<string, ReadonlyMap<string, number>> => {
  const groups = new Map<string, Map<string, number>>()
  for (const line of lines) {
    const [id = '', file = '', value] = line.split(' ')
    const group = groups.get(id) ?? new Map<string, number>()
    groups.set(id, group.set(file, readNumber(value)))
  }
  return groups
}

const measureLimits = (before: Lines, after: Lines): Counters['limitUse'] => {
  const earlier = parseGroups(before)
  return Object.fromEntries(
    [...parseGroups(after)].flatMap(([id, now]) => {
      const then = earlier.get(id)
      if (then === undefined) return []
      const value = (file: string) => now.get(file) ?? 0
      const growth = (file: string) => Math.max(0, value(file) - (then.get(file) ?? 0))
      const use: LimitUse = {
        pids: value('pids.current'),
        pidsMax: value('pids.max'),
        pidsRefused: value('pids.refused'),
        periods: growth('cpu.periods'),
        throttled: growth('cpu.throttled'),
      }
      return [[id, use] as const]
    }),
  )
}

/** Reads the sections that are there twice, `NAME before` and `NAME after`. */
export const parseCounters = (sections: Sections): Counters => {
  const both = (name: string) => [sections.get(`${name} before`) ?? [], sections.get(`${name} after`) ?? []] as const
  const [swapBefore, swapAfter] = both('swap')
  return {
    swapping: countSwapped(swapAfter) - countSwapped(swapBefore),
    waits: measureWaits(...both('diskstats')),
    limitUse: measureLimits(...both('cgroups')),
  }
}
