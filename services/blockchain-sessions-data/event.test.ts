import { describe, expect, test } from 'bun:test'
import { decodeEvents, linked, planRepair } from './event.ts'
import { CONTRACT, chainOf, chunkAnchored, OWNER, registered, session } from './scripted-chain.fixture.ts'

const rows = (...contents: Parameters<typeof chainOf>[0]) =>
  chainOf(contents).flatMap((block) => decodeEvents(block, CONTRACT))

describe('anchor events of a block', () => {
  test('are read with their place on the chain', () => {
    const [block] = chainOf([[chunkAnchored(3, 7), registered(3)]])
    if (!block) throw new Error('no block')
    const events = decodeEvents(block, CONTRACT)
    expect(events).toMatchObject([
      { id: `${session(3)}:7`, kind: 'chunk', session_id: session(3), index: 7, position: 0, log_index: 0 },
      { id: session(3), kind: 'session', owner: OWNER, chunk_count: 4, started_at: 1_700_000_000_003, position: 1 },
    ])
    expect(events[1]).toMatchObject({ block_number: 0, block_hash: block.hash, tx_hash: block.receipts[1]?.tx_hash })
  })

  test('of other contracts and other events are passed by', () => {
    const foreign = { ...registered(1), address: '22'.repeat(20) }
    const other = { ...registered(2), topics: ['33'.repeat(32)] }
    expect(rows([foreign, other])).toEqual([])
  })

  test('keep chain order in their position', () => {
    const positions = rows([registered(1)], [registered(2), registered(3)]).map(({ position }) => position)
    expect(positions).toEqual([0, 2 ** 20, 2 ** 20 + 1])
  })

  test('that are malformed stop the index instead of being misread', () => {
    expect(() => rows([{ ...registered(1), data: 'ff' }])).toThrow('LucidAnchors ABI')
  })
})

describe('linked blocks', () => {
  const [a, b, c] = chainOf([[], [], []])
  if (!(a && b && c)) throw new Error('three blocks')
  const cases: readonly [string, Parameters<typeof linked>, boolean][] = [
    ['from the start', [[a, b, c], 0, undefined], true],
    ['from a known hash', [[b, c], 1, a.hash], true],
    ['none at all', [[], 5, a.hash], true],
    ['after another hash', [[b, c], 1, c.hash], false],
    ['with a hole', [[a, c], 0, undefined], false],
    ['of the wrong number', [[b], 2, a.hash], false],
  ]
  test.each(cases)('%s', (_name, args, expected) => {
    expect(linked(...args)).toBe(expected)
  })
})

describe('repairing the index', () => {
  const [one, two, three] = rows([registered(1), registered(2), registered(3)])
  if (!(one && two && three)) throw new Error('three rows')

  test('of equal events changes nothing', () => {
    expect(planRepair([one, two], [one, two])).toEqual({ insert: [], replace: [], remove: [], differences: [] })
  })

  test('names what is missing, altered and extra', () => {
    const altered = { ...two, block_hash: '00'.repeat(32) }
    expect(planRepair([altered, three], [one, two])).toEqual({
      insert: [one],
      replace: [two],
      remove: [three],
      differences: [
        { block_number: 0, id: session(1), what: 'missing' },
        { block_number: 0, id: session(2), what: 'altered' },
        { block_number: 0, id: session(3), what: 'extra' },
      ],
    })
  })
})
