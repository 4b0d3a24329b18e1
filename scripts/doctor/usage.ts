/** What a container used of what it may use, from the kernel's own counters (control groups of version 1 or 2). */
export type Usage = {
  /** Bytes that the kernel cannot take back by dropping files it has read. */
  readonly memory: number
  readonly pids: number
  readonly pidsMax: number
  /** How often a process was refused since it was started. */
  readonly pidsRefused: number
  /** Of the periods while we looked, those in which it was held up by its processor limit. */
  readonly periods: number
  readonly throttled: number
}

type Counters = ReadonlyMap<string, number>

const counters = (text: string): Counters =>
  new Map(
    text.split('\n').flatMap((line) => {
      const [file = '', ...rest] = line.trim().split(/\s+/)
      const value = Number(rest.at(-1))
      const key = rest.length > 1 ? `${file} ${rest[0]}` : file
      return Number.isFinite(value) && rest.length > 0 ? [[key, value] as const] : []
    }),
  )

const first = (from: Counters, ...keys: readonly string[]): number => {
  for (const key of keys) {
    const value = from.get(key)
    if (value !== undefined) return value
  }
  return 0
}

/** Usage by container id, from sections `cgroup 1 ID` and `cgroup 2 ID` of a look. */
export const usageOf = (looked: ReadonlyMap<string, string>): Readonly<Record<string, Usage>> =>
  Object.fromEntries(
    [...looked].flatMap(([name, text]) => {
      const id = /^cgroup 2 ([0-9a-f]{64})$/.exec(name)?.[1]
      const then = counters(looked.get(`cgroup 1 ${id}`) ?? '')
      if (id === undefined || then.size === 0) return []
      const now = counters(text)
      const grown = (key: string) => Math.max(0, first(now, key) - first(then, key))
      const files = first(now, 'memory.stat inactive_file', 'memory.stat total_inactive_file')
      return [
        [
          id,
          {
            memory: Math.max(0, first(now, 'memory.current', 'memory.usage_in_bytes') - files),
            pids: first(now, 'pids.current'),
            pidsMax: first(now, 'pids.max'),
            pidsRefused: first(now, 'pids.events max'),
            periods: grown('cpu.stat nr_periods'),
            throttled: grown('cpu.stat nr_throttled'),
          },
        ] as const,
      ]
    }),
  )
