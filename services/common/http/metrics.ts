import { Counter, Gauge, Histogram, Registry } from 'prom-client'

export { Counter, Gauge, Histogram, Registry }

/** The request metrics that every service has (Prometheus names, seconds). */
export const requestMetrics = (registry: Registry) => ({
  requests: new Counter({
    name: 'http_requests_total',
    help: 'Requests by method and status',
    labelNames: ['method', 'status'],
    registers: [registry],
  }),
  seconds: new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time to answer',
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2, 10],
    registers: [registry],
  }),
})

/** A figure that is read when it is scraped. One that is not to be had is NaN: it makes no scrape fail. */
export const addGauge = (
  registry: Registry | undefined,
  name: string,
  help: string,
  read: () => number | Promise<number>,
): void => {
  if (registry === undefined) return
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      this.set(await Promise.try(read).catch(() => Number.NaN))
    },
  })
}

/** Resident memory and start time. */
export const processMetrics = (registry: Registry, startedAt: number): void => {
  addGauge(registry, 'process_resident_memory_bytes', 'Resident memory', () => process.memoryUsage.rss())
  addGauge(registry, 'process_start_time_seconds', 'Start time, epoch seconds', () => startedAt / 1000)
}
