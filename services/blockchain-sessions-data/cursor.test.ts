import { describe, expect, test } from 'bun:test'
import { advanceReplay, beginReplay, type Cursor, planFollow, planReplay, type ReplayCursor } from './cursor.ts'
import { CONTRACT, chainOf, registered } from './scripted-chain.fixture.ts'

const blocks = chainOf([[], [registered(1)], [registered(2)], []])
const others = chainOf([[], [registered(1)], [registered(2)], []], 'another history')
const at = (next: number, hash = blocks[next - 1]?.hash): Cursor => ({ id: 'follow', next, ...(hash ? { hash } : {}) })

describe('following', () => {
  test('indexes a page up to its last block, and drops what is above the head with the last page', () => {
    const [first, last] = [
      { blocks: blocks.slice(0, 3), head: 3 },
      { blocks: blocks.slice(3), head: 3 },
    ]
    expect(planFollow(at(0), first, CONTRACT)).toMatchObject({
      type: 'index',
      range: { from: 0, to: 2, chain: [{ block_number: 1 }, { block_number: 2 }] },
      cursor: { id: 'follow', next: 3, hash: blocks[2]?.hash },
    })
    expect(planFollow(at(3), last, CONTRACT)).toMatchObject({
      type: 'index',
      range: { from: 3, to: undefined, chain: [] },
    })
  })

  const rewind = { type: 'rewind', cursor: { id: 'follow', next: 0 } }
  const rest: readonly [string, ReturnType<typeof planFollow> | object, Cursor, number, typeof blocks][] = [
    ['at the head it idles', { type: 'idle' }, at(4), 3, []],
    ['another history is read from its start', rewind, at(2), 3, others.slice(2)],
    ['a head below the index is another history', rewind, at(4), 2, []],
    ['a first page that does not link is no history', { type: 'inconsistent' }, at(0), 3, blocks.slice(1)],
  ]
  test.each(rest)('%s', (_name, step, cursor, head, page) => {
    expect(planFollow(cursor, { blocks: page, head }, CONTRACT)).toEqual(step as never)
  })
})

describe('a replay', () => {
  const replay: ReplayCursor = beginReplay(1, at(3))

  test('runs from a block to where the index stands, and is done at once above it', () => {
    expect(replay).toEqual({
      id: 'replay',
      ...{ from: 1, until: 2, next: 1, done: false, checked: 0, differed: 0, differences: [] },
    })
    expect(beginReplay(3, at(3)).done).toBe(true)
  })

  test('compares no block above its end, counts every difference and names the first hundred', () => {
    const range = planReplay(replay, { blocks: blocks.slice(1), head: 3 }, CONTRACT)
    expect(range).toMatchObject({ from: 1, to: 2, chain: [{ block_number: 1 }, { block_number: 2 }] })
    if (!range) throw new Error('nothing to compare')
    const many = Array.from({ length: 150 }, (_, n) => ({ block_number: 1, id: `${n}`, what: 'extra' as const }))
    const after = advanceReplay(replay, range, many)
    expect(after).toMatchObject({ next: 3, done: true, checked: 2, differed: 150 })
    expect(after.differences).toEqual(many.slice(0, 100))
  })

  test('has nothing to compare when the blocks are gone or do not link', () => {
    expect(planReplay(replay, { blocks: [], head: 0 }, CONTRACT)).toBeUndefined()
    expect(planReplay(replay, { blocks: blocks.slice(2), head: 3 }, CONTRACT)).toBeUndefined()
  })
})
