import { expect, test } from 'bun:test'
import { addGauge, processMetrics, Registry, requestMetrics } from './metrics.ts'

/** One line of the Prometheus text format: name, labels, number. */
const sample = /^[a-zA-Z_:][a-zA-Z0-9_:]*(?:\{(?:[a-zA-Z_]\w*="[^"\n]*",?)+\})? (?:[-+]?[0-9.eE+-]+|\+Inf|NaN)$/

test('what is scraped is the Prometheus text format, with help and type of every metric', async () => {
  const registry = new Registry()
  const { requests, seconds } = requestMetrics(registry)
  processMetrics(registry, 5_000)
  requests.inc({ method: 'GET', status: 200 })
  seconds.observe(0.02)
  const lines = (await registry.metrics()).split('\n').filter((line) => line !== '')
  const samples = lines.filter((line) => !line.startsWith('#'))
  for (const line of samples) expect(line).toMatch(sample)
  expect(samples).toContain('http_requests_total{method="GET",status="200"} 1')
  expect(samples).toContain('http_request_duration_seconds_count 1')
  expect(samples).toContain('process_start_time_seconds 5')
  const named = lines.filter((line) => line.startsWith('# TYPE')).map((line) => line.split(' ')[2])
  expect(named.toSorted()).toEqual([
    'http_request_duration_seconds',
    'http_requests_total',
    'process_resident_memory_bytes',
    'process_start_time_seconds',
  ])
})

test('resident memory is read when it is scraped', async () => {
  const registry = new Registry()
  processMetrics(registry, 0)
  const said = /^process_resident_memory_bytes (\S+)$/m.exec(await registry.metrics())?.[1]
  expect(Number(said)).toBeGreaterThan(1024 * 1024)
})

test('two registries do not share their numbers', async () => {
  const [first, second] = [new Registry(), new Registry()]
  requestMetrics(first).requests.inc({ method: 'GET', status: 200 })
  requestMetrics(second)
  expect(await second.metrics()).not.toContain('status="200"')
})

test('a figure that is not to be had makes no scrape fail', async () => {
  const registry = new Registry()
  addGauge(registry, 'there', 'a figure', async () => 7)
  addGauge(registry, 'away', 'a figure', () => {
    throw new Error('nobody answers')
  })
  addGauge(registry, 'lost', 'a figure', () => Promise.reject(new Error('nobody answers')))
  const lines = (await registry.metrics()).split('\n').filter((line) => /^\w/.test(line))
  expect(lines).toEqual(['there 7', 'away Nan', 'lost Nan'])
})
