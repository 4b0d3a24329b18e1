import { describe, expect, test } from 'bun:test'
import { type Answer, deadPort, serve } from '../testing/health-servers.ts'
import { failure, probe } from './probe.ts'

const at = (url: string) => ({ name: 'alpha', stack: 'core' as const, url })

const expected: Readonly<Record<Answer, readonly [state: string, detail: string]>> = {
  healthy: ['healthy', ''],
  'healthy without a soft need': ['healthy', 'chain: unreachable'],
  degraded: ['degraded', 'beta: unreachable'],
  unhealthy: ['unhealthy', 'store: the disk is full\\u001b[31m'],
  'another program': ['wrong', 'another program answers: "beta"'],
  'no JSON': ['wrong', 'status 200 with a body that is no JSON object'],
  'a JSON array': ['wrong', 'status 200 with a body that is no JSON object'],
  'healthy with status 503': ['wrong', 'status 503 says "healthy"'],
  'unhealthy with status 200': ['wrong', 'status 200 says "unhealthy"'],
  'an empty body': ['wrong', 'status 200 with a body that is no JSON object'],
  'a redirect': ['wrong', 'status 302 with a body that is no JSON object'],
  'a body too long': ['wrong', 'the answer is too long'],
  hanging: ['timeout', 'no answer in time'],
  'hanging in the body': ['timeout', 'no answer in time'],
}

describe('a service that answers', () => {
  for (const [answer, [state, detail]] of Object.entries(expected))
    test(`${answer} is ${state}`, async () => {
      await using server = serve(answer as Answer)
      const result = await probe(at(server.url), { timeoutMs: state === 'timeout' ? 50 : 5_000 })
      expect(result).toMatchObject({ name: 'alpha', stack: 'core', state, detail })
      if (['healthy', 'degraded'].includes(state)) expect(result.version).toBe('1.2.3')
    })
})

test('a port on which nothing listens is unreachable', async () => {
  const port = await deadPort()
  expect(await probe(at(`http://127.0.0.1:${port}`))).toMatchObject({
    state: 'unreachable',
    detail: 'nothing listens there',
  })
})

test('the time is measured by the clock that is handed in', async () => {
  await using server = serve('healthy')
  const ticks = [100, 142.4]
  expect((await probe(at(server.url), { now: () => ticks.shift() ?? 0 })).ms).toBe(42)
})

test('a name that nobody knows is unreachable too, and said to be that', () => {
  const unknown = Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' })
  expect(failure(unknown)).toEqual({ state: 'unreachable', detail: 'its name is not known here' })
})
