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

/** Resident memory and start time, read when scraped. */
export const processMetrics = (registry: Registry, startedAt: number): void => {
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory',
    registers: [registry],
    collect() {
      this.set(process.memoryUsage.rss())
    },
  })
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'Start time, epoch seconds',
    registers: [registry],
    collect() {
      this.set(startedAt / 1000)
    },
  })
}
