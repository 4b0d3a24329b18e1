/** What a container uses now, from `docker stats`: memory in bytes, without file pages that can go. */
export type Usage = { readonly memory: number; readonly limit: number; readonly pids: number }

const units: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
}

const sizeOf = (text: string): number => {
  const [, count = '', unit = ''] = /^([\d.]+)\s*([A-Za-z]+)$/.exec(text.trim()) ?? []
  return Number(count) * (units[unit] ?? Number.NaN)
}

/** For `docker stats --no-stream --format`. */
export const STATS_FORMAT = '{{.Name}}\t{{.MemUsage}}\t{{.PIDs}}'

/** Reads lines of STATS_FORMAT, by name of the container; a line that says nothing (a container that ended) is left out. */
export const readUsage = (text: string): ReadonlyMap<string, Usage> =>
  new Map(
    text.split('\n').flatMap((line) => {
      const [name = '', memory = '', pids = ''] = line.split('\t')
      const [used = '', limit = ''] = memory.split(' / ')
      const one = { memory: sizeOf(used), limit: sizeOf(limit), pids: Number(pids) }
      return name !== '' && Number.isFinite(one.memory) && Number.isFinite(one.pids)
        ? [[name, one] as const]
        : []
    }),
  )
