import { dropUndefined, readCount } from './values.ts'

/** What a container uses; undefined where nobody counts. */
export type MemoryUse = {
  /** Bytes, without the file pages that the kernel gives back at once. */
  readonly memoryUsed?: number
  readonly pidsUsed?: number
}

type Use = readonly [id: string, use: MemoryUse]

const parseUse = (line: string): Use | undefined => {
  const [id = '', used, pages, pids] = line.split(' ')
  const [bytes, files] = [readCount(used), readCount(pages) ?? 0]
  // As the engine does: where the figures were read at two moments, the first stands.
  return bytes === undefined
    ? undefined
    : [id, { memoryUsed: files < bytes ? bytes - files : bytes, ...dropUndefined({ pidsUsed: readCount(pids) }) }]
}

const units: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 }

const parseStats = (line: string): Use | undefined => {
  const [, id = '', amount, unit = '', pids] = /^([0-9a-f]{64}) ([\d.]+)([KMGT]?i?B) \/ \S+(?: (\d+))?/.exec(line) ?? []
  const bytes = Math.round(Number(amount) * (units[unit] ?? Number.NaN))
  return Number.isSafeInteger(bytes)
    ? [id, { memoryUsed: bytes, ...dropUndefined({ pidsUsed: readCount(pids) }) }]
    : undefined
}

/** Use by container id, from the kernel's own files where they could be read, else from the engine. */
export const parseMemoryUse = (files: readonly string[], stats: readonly string[]): ReadonlyMap<string, MemoryUse> =>
  new Map([...stats.map(parseStats), ...files.map(parseUse)].filter((entry) => entry !== undefined))
