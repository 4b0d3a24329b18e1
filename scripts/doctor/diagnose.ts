import { rooted } from './causes.ts'
import type { Facts } from './facts.ts'
import type { Family, Finding, Rooted } from './finding.ts'
import { networkRules } from './rules/network.ts'
import type { Rule } from './rules/rule.ts'
import { slowRules } from './rules/slow.ts'
import { startRules } from './rules/start.ts'
import { volumeRules } from './rules/volumes.ts'

/** All forms of the four faults, by family. */
export const rules: Readonly<Record<Family, readonly Rule[]>> = {
  start: startRules,
  network: networkRules,
  volume: volumeRules,
  slow: slowRules,
}

/** Everything that the rules find, family by family. */
export const findingsOf = (facts: Facts): readonly Finding[] =>
  (Object.keys(rules) as Family[]).flatMap((family) =>
    // The keys of the table are the families.
    rules[family].flatMap(({ kind, find }) => find(facts).map((found) => ({ family, kind, ...found }))),
  )

/** What is wrong with a host: each root cause once, with its consequences under it. */
export const diagnose = (facts: Facts): readonly Rooted[] => rooted(facts, findingsOf(facts))
