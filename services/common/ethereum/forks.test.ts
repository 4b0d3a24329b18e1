import { describe, expect, test } from 'bun:test'
import { extendForks, type Fork, NEWEST_RULES, type RuleSet, rulesAt } from './forks.ts'

describe('the forks of a chain', () => {
  test('a chain that never wrote them down is Cancun up to its head and new from the next block on', () => {
    const forks = extendForks([], { known: undefined, head: 41 })
    expect(forks).toEqual([{ from: 42, rules: NEWEST_RULES }])
    expect([0, 41, 42, 43].map((number) => rulesAt(forks, number))).toEqual([
      'cancun',
      'cancun',
      NEWEST_RULES,
      NEWEST_RULES,
    ])
  })

  test('are decided once: opening the chain again changes nothing, whatever was made since', () => {
    const forks = extendForks([], { known: undefined, head: 41 })
    for (const head of [41, 42, 99]) expect(extendForks(forks, { known: head, head })).toEqual([...forks])
  })

  test('blocks that an older release made in between are Cancun, those before and after are not', () => {
    const first: readonly Fork[] = [{ from: 42, rules: NEWEST_RULES }]
    const forks = extendForks(first, { known: 50, head: 55 })
    expect(forks).toEqual([
      { from: 42, rules: NEWEST_RULES },
      { from: 51, rules: 'cancun' },
      { from: 56, rules: NEWEST_RULES },
    ])
    expect(extendForks(forks, { known: 60, head: 60 })).toEqual([...forks])
  })

  test('a fork that no block was made by moves behind what the older release made', () => {
    const forks = extendForks([{ from: 42, rules: NEWEST_RULES }], { known: 41, head: 44 })
    expect([42, 43, 44].map((number) => rulesAt(forks, number))).toEqual(['cancun', 'cancun', 'cancun'])
    expect(rulesAt(forks, 45)).toBe(NEWEST_RULES)
  })

  test('every block keeps the rules it was made by, over any sequence of releases', () => {
    const madeBy = new Map<number, RuleSet>()
    let [forks, known, head]: [readonly Fork[], number | undefined, number] = [[], undefined, 0]
    for (let step = 1; step < 200; step++) {
      const isNew = (step * 7919) % 5 < 3
      if (isNew) {
        forks = extendForks(forks, { known, head })
        known = head
      }
      for (let blocks = (step * 104_729) % 4; blocks > 0; blocks--) {
        head += 1
        madeBy.set(head, isNew ? NEWEST_RULES : 'cancun')
        if (isNew) known = head
      }
    }
    const last = extendForks(forks, { known, head })
    for (const [number, rules] of madeBy) expect([number, rulesAt(last, number)]).toEqual([number, rules])
  })
})
