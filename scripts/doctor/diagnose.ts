import { findRoots } from './causes.ts'
import type { Facts } from './facts.ts'
import { type Diagnosed, type Family, makeDiagnosed, type RootCause } from './finding.ts'
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
export const findFaults = (facts: Facts): readonly Diagnosed[] =>
  (Object.keys(rules) as Family[]).flatMap((family) =>
    // The keys of the table are the families.
    rules[family].flatMap(({ kind, find }) => find(facts).map((fault) => makeDiagnosed(fault, family, kind))),
  )

/** What is wrong with a host: each root cause once, with its consequences under it. */
export const diagnose = (facts: Facts): readonly RootCause[] => findRoots(facts, findFaults(facts))
