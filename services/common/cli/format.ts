const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** Bytes for people: `0 B`, `1.5 KiB`, `512 MiB`. Three figures at most, binary units. */
export const bytes = (count: number): string => {
  const power = count < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(count) / 10))
  const value = count / 1024 ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : Number(value.toFixed(1))} ${units[power]}`
}

/** Milliseconds for people, in the two largest units: `85 ms`, `1.4 s`, `2 min 5 s`, `3 h 0 min`, `2 d 4 h`. */
export const duration = (ms: number): string => {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`
  const seconds = Math.floor(ms / 1000)
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`
  if (hours < 24) return `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** Bytes in a time (ms) as decimal megabytes a second, the unit the benchmark speaks: `516 MB/s`. */
export const rate = (count: number, ms: number): string => {
  const megabytes = ms <= 0 ? 0 : count / 1e6 / (ms / 1000)
  return `${megabytes >= 100 ? Math.round(megabytes) : megabytes.toFixed(1)} MB/s`
}

/** `1 chunk`, `2 chunks`. */
export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
