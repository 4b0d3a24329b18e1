import { describe, expect, test } from 'bun:test'
import { Fault } from './fault.ts'
import { answers, type Checks, health } from './health.ts'

const fine = async () => {}
const away = async () => {
  throw new Fault('unavailable', 'unreachable', 'it cannot be reached')
}
const own = { service: 'test', version: '1', started_at: 5 }
const stateOf = async (checks: Checks, soft: readonly string[] = []) => {
  const { status, dependencies } = await health({ ...own, checks, soft })
  return [status, dependencies] as const
}

describe('health', () => {
  test('tells who it is about and that all is well', async () => {
    expect(await health({ ...own, checks: { store: fine }, soft: [] })).toEqual({
      status: 'healthy',
      ...own,
      dependencies: { store: 'ok' },
    })
  })

  test('is unhealthy when a part of its own fails, and names it', async () => {
    expect(await stateOf({ store: away, 'blockchain-vm': fine })).toEqual([
      'unhealthy',
      { store: 'it cannot be reached', 'blockchain-vm': 'ok' },
    ])
  })

  test('is degraded when only a needed service fails, unhealthy when both do', async () => {
    expect((await stateOf({ store: fine, 'blockchain-vm': away }))[0]).toBe('degraded')
    expect((await stateOf({ store: away, 'blockchain-vm': away }))[0]).toBe('unhealthy')
  })

  test('is degraded by what a person must decide, names it, and is unhealthy by any other part of its own', async () => {
    const decisions = ['history']
    const checked = (checks: Checks) => health({ ...own, checks, soft: [], decisions })
    expect(await checked({ store: fine, history: away })).toEqual({
      status: 'degraded',
      ...own,
      dependencies: { store: 'ok', history: 'it cannot be reached' },
      incidents: ['history'],
    })
    expect(await checked({ store: away, history: away })).toMatchObject({ status: 'unhealthy', incidents: ['history'] })
    expect(await checked({ store: fine, history: fine })).not.toHaveProperty('incidents')
  })

  test('shows a soft dependency that fails and stays healthy', async () => {
    expect(await stateOf({ 'blockchain-vm': away }, ['blockchain-vm'])).toEqual([
      'healthy',
      { 'blockchain-vm': 'it cannot be reached' },
    ])
  })

  test('runs its checks at once, so that one that waits for another does not hang', async () => {
    const gate = Promise.withResolvers<void>()
    const checks = { first: () => gate.promise, second: async () => gate.resolve() }
    expect((await stateOf(checks))[0]).toBe('healthy')
  })

  test('shows the words of a fault only; what else is thrown is told to the log', async () => {
    const told: unknown[] = []
    const thrown = new Error('/data/secret-path is gone')
    const found = await health({
      ...own,
      soft: [],
      checks: {
        store: () => {
          throw thrown
        },
      },
      onFailure: (...one) => told.push(one),
    })
    expect([found.status, found.dependencies]).toEqual(['unhealthy', { store: 'failed' }])
    expect(told).toEqual([['store', thrown]])
  })
})

test('a needed service is asked for its own health alone, so that checks do not cascade', async () => {
  const asked: string[] = []
  const call = async (path: string) => void asked.push(path)
  await answers(call)()
  expect(asked).toEqual(['/health?deep=false'])
})
