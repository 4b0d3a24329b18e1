import { expect, test } from 'bun:test'
import { processMetrics, Registry, requestMetrics } from '#common/http/metrics'
import { addUp, summarize } from './metrics-summary.ts'

const counted = async (requests: readonly (readonly [status: number, seconds: number])[]) => {
  const registry = new Registry()
  const metrics = requestMetrics(registry)
  processMetrics(registry, 0)
  for (const [status, seconds] of requests) {
    metrics.requests.inc({ method: 'GET', status })
    metrics.seconds.observe(seconds)
  }
  return summarize(await registry.metrics())
}

test('what a service counted is summed up from its own metrics', async () => {
  const many = Array.from({ length: 96 }, () => [200, 0.003] as const)
  const found = await counted([...many, [404, 0.003], [500, 0.003], [503, 0.3], [503, 0.4]])
  // The 99th of 100 is the first of two in the bucket from 100 to 500 ms.
  expect(found).toEqual({ requests: 100, errors: 3, p99_ms: 300, memory_bytes: expect.any(Number) })
  expect(found.memory_bytes).toBeGreaterThan(1_000_000)
})

test('of what was slower than any bucket the last bound is said, of nothing no time at all', async () => {
  expect(await counted([[200, 60]])).toMatchObject({ requests: 1, p99_ms: 10_000 })
  const none = await counted([])
  expect(none).toMatchObject({ requests: 0, errors: 0 })
  expect(none).not.toHaveProperty('p99_ms')
})

test('what is no metrics counts nothing', () => {
  for (const text of ['', '<html>', 'http_requests_total{status="500"} many', '{"a":1}'])
    expect(summarize(text)).toEqual({ requests: 0, errors: 0 })
})

test('services are added up, also those that counted nothing', () => {
  expect(addUp([{ requests: 2, errors: 1, memory_bytes: 5 }, { requests: 3, errors: 0 }, {}])).toEqual({
    ...{ requests: 5, errors: 1, memory_bytes: 5 },
  })
})
