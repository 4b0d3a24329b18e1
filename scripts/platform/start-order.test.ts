import { describe, expect, test } from 'bun:test'
import { catalog, stacks } from '#catalog'
import { findEmptyStacks, findUnmetNeeds, orderStages, orderStops } from './start-order.ts'

const small = {
  vault: { stack: 'sessions', needs: [], tolerates: [] },
  cutter: { stack: 'sessions', needs: ['vault'], tolerates: [] },
  director: { stack: 'sessions', needs: ['vault', 'anchor'], tolerates: ['anchor'] },
  ledger: { stack: 'blockchain', needs: [], tolerates: [] },
  anchor: { stack: 'blockchain', needs: ['ledger'], tolerates: [] },
  console: { stack: 'integration', needs: ['ledger', 'director'], tolerates: [] },
} as const

const order = ['core', 'sessions', 'blockchain', 'integration'] as const

describe('the order of a start', () => {
  test('all stacks come in the order of the specification, those without services left out', () => {
    expect(orderStages(small, order, [])).toEqual([
      { stack: 'sessions', services: ['vault', 'cutter', 'director'] },
      { stack: 'blockchain', services: ['ledger', 'anchor'] },
      { stack: 'integration', services: ['console'] },
    ])
  })

  test('chosen stacks keep that order, whatever order they were named in', () => {
    expect(orderStages(small, order, ['blockchain', 'sessions']).map(({ stack }) => stack)).toEqual([
      'sessions',
      'blockchain',
    ])
  })

  test('a stack without services is named', () => {
    expect(findEmptyStacks(small, ['core', 'sessions'])).toEqual(['core'])
  })

  test('a need that no stage holds is a gap, a tolerated one is not', () => {
    expect(findUnmetNeeds(small, orderStages(small, order, ['sessions']))).toEqual([])
    expect(findUnmetNeeds(small, orderStages(small, order, ['blockchain', 'integration']))).toEqual([
      { service: 'console', need: 'director', stack: 'sessions' },
    ])
  })

  test('a need that only a later stage holds is a gap: its stage would never be healthy', () => {
    const twisted = { ...small, vault: { stack: 'sessions', needs: ['ledger'], tolerates: [] } } as const
    expect(findUnmetNeeds(twisted, orderStages(twisted, order, []))).toEqual([
      { service: 'vault', need: 'ledger', stack: 'blockchain' },
    ])
  })

  test("Lucid's own catalogue can come up whole, and the sessions stack without the chain", () => {
    expect(findUnmetNeeds(catalog, orderStages(catalog, stacks, []))).toEqual([])
    expect(findUnmetNeeds(catalog, orderStages(catalog, stacks, ['sessions']))).toEqual([])
  })
})

describe('the order of a stop', () => {
  test('stages go in reverse and callers before callees', () => {
    expect(orderStops(small, orderStages(small, order, []))).toEqual([
      ['console'],
      ['anchor'],
      ['ledger'],
      ['cutter', 'director'],
      ['vault'],
    ])
  })

  test('everything that was started is stopped, each once', () => {
    const stages = orderStages(catalog, stacks, [])
    expect(orderStops(catalog, stages).flat().toSorted()).toEqual(stages.flatMap(({ services }) => services).toSorted())
  })

  test('services that need each other are still stopped', () => {
    const cycle = {
      a: { stack: 'core', needs: ['b'], tolerates: [] },
      b: { stack: 'core', needs: ['a'], tolerates: [] },
    } as const
    expect(orderStops(cycle, orderStages(cycle, order, []))).toEqual([['a', 'b']])
  })
})
