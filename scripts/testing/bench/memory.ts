import { readFileSync, writeFileSync } from 'node:fs'

/** Peak memory of a process since the last `reset`, MiB; 0 where /proc does not tell. */
export type Peak = { readonly rss: number; readonly pss: number }

const field = (path: string, name: string): number => {
  try {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(path, 'utf8'))?.[1]
    return Number(found ?? 0) / 1024
  } catch {
    return 0
  }
}

/** Memory of a process now, its share of shared pages counted in part (proportional set size), MiB. */
export const pssOf = (pid: number): number => field(`/proc/${pid}/smaps_rollup`, 'Pss')

/** Resident memory of a process now, the Bun binary's shared pages counted whole, MiB. */
export const rssOf = (pid: number): number => field(`/proc/${pid}/status`, 'VmRSS')

/**
 * Watches processes by name: the kernel's own high-water mark of resident memory (the Bun binary's shared
 * pages counted whole in each), and the highest sampled proportional set size.
 */
export const watchMemory = (pids: Readonly<Record<string, number>>, everyMs: number) => {
  const names = Object.keys(pids)
  const pss = new Map(names.map((name) => [name, 0]))
  for (const pid of Object.values(pids))
    try {
      writeFileSync(`/proc/${pid}/clear_refs`, '5') // resets the high-water mark, proc(5)
    } catch {
      // not Linux, or not ours: the mark then counts from the start of the process
    }
  const sample = () => {
    for (const name of names) pss.set(name, Math.max(pss.get(name) ?? 0, pssOf(pids[name] ?? 0)))
  }
  const timer = setInterval(sample, everyMs)
  return {
    stop: (): Readonly<Record<string, Peak>> => {
      sample()
      clearInterval(timer)
      return Object.fromEntries(
        names.map((name) => [name, { rss: field(`/proc/${pids[name]}/status`, 'VmHWM'), pss: pss.get(name) ?? 0 }]),
      )
    },
  }
}
