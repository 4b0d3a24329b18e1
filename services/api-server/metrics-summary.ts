/** What a service counted since it was started, out of its metrics in the text format of Prometheus. */
export type Counted = {
  readonly requests: number
  /** Answers with a status from 500 on. */
  readonly errors: number
  /** Within which 99 of 100 requests were answered, ms; no more than the last bound of the histogram says. */
  readonly p99_ms?: number
  readonly memory_bytes?: number
}

/** What all of them counted together. */
export const addUp = (services: readonly Partial<Counted>[]) => {
  const sum = (of: (one: Partial<Counted>) => number | undefined) =>
    services.reduce((total, one) => total + (of(one) ?? 0), 0)
  return {
    requests: sum(({ requests }) => requests),
    errors: sum(({ errors }) => errors),
    memory_bytes: sum(({ memory_bytes: bytes }) => bytes),
  }
}

type Sample = { readonly name: string; readonly labels: string; readonly value: number }

const readSamples = (text: string): readonly Sample[] =>
  [...text.matchAll(/^([a-z_]+)(?:\{([^}\n]*)\})? (\S+)$/gm)].map(([, name = '', labels = '', value]) => ({
    name,
    labels,
    value: Number(value),
  }))

const labelOf = ({ labels }: Sample, name: string): string =>
  labels.match(new RegExp(`(?:^|,)${name}="([^"]*)"`))?.[1] ?? ''

/** The 99th percentile as Prometheus estimates it (histogram_quantile): evenly inside the bucket that holds it. */
const estimateP99 = (buckets: readonly { readonly upTo: number; readonly count: number }[]): number | undefined => {
  const all = buckets.at(-1)?.count ?? 0
  if (all === 0) return undefined
  const wanted = 0.99 * all
  const at = buckets.findIndex(({ count }) => count >= wanted)
  const [under, own] = [buckets[at - 1] ?? { upTo: 0, count: 0 }, buckets[at]]
  if (own === undefined || !Number.isFinite(own.upTo)) return under.upTo
  return under.upTo + ((own.upTo - under.upTo) * (wanted - under.count)) / (own.count - under.count)
}

/** Sums up what one service shows at /metrics. */
export const summarize = (text: string): Counted => {
  const samples = readSamples(text)
  const of = (name: string) => samples.filter((one) => one.name === name && Number.isFinite(one.value))
  const sum = (some: readonly Sample[]) => some.reduce((total, { value }) => total + value, 0)
  const answered = of('http_requests_total')
  const buckets = of('http_request_duration_seconds_bucket')
    .map((one) => ({ upTo: Number(labelOf(one, 'le').replace('+Inf', 'Infinity')), count: one.value }))
    .toSorted((a, b) => a.upTo - b.upTo)
  const [p99, memory] = [estimateP99(buckets), of('process_resident_memory_bytes')[0]?.value]
  return {
    requests: sum(answered),
    errors: sum(answered.filter((one) => Number(labelOf(one, 'status')) >= 500)),
    ...(p99 !== undefined && { p99_ms: Math.round(p99 * 1e6) / 1e3 }),
    ...(memory !== undefined && { memory_bytes: memory }),
  }
}
