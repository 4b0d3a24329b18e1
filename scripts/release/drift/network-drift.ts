import type { NetworkFact } from '#common/host/facts/networks'
import type { ExpectedNetwork } from '../expected/compose.ts'
import { type Drift, type DriftInput, makeDrift } from './drift.ts'

/** What is wrong with a network itself, so that it can only be made anew; undefined when nothing is. */
export const describeWrongNetwork = (
  expected: Pick<ExpectedNetwork, 'subnet' | 'internal' | 'unrouted'>,
  { subnets, internal, unrouted }: NetworkFact,
): string | undefined => {
  const has = subnets.join(' ')
  if (expected.subnet !== '' && has !== expected.subnet)
    return `is ${has || 'without a subnet'}, not ${expected.subnet}`
  if (internal === expected.internal && unrouted === expected.unrouted) return undefined
  return expected.internal || expected.unrouted
    ? 'has a way out of the host, and should have none'
    : 'has no way out, and should have'
}

/** Containers on a network that are neither of a release nor started by hand from one of its files. */
export const listStrangers = (
  { containers }: NetworkFact,
  ours: DriftInput['facts']['containers'],
): readonly string[] =>
  containers.filter((name) => !ours.some((one) => one.name === name && one.project.startsWith('lucid-')))

/** Networks of a release that are gone, are another, or have somebody on them who should not be there. */
export const findNetworkDrift = ({ facts, expected }: DriftInput): readonly Drift[] =>
  Object.entries(expected.networks).flatMap(([name, wanted]) => {
    const about = { kind: 'network', subject: `network:${name}`, stack: wanted.stack } as const
    // An engine that told of no network at all was not asked.
    if (facts.networks === undefined) return []
    const has = facts.networks.find((one) => one.name === name)
    if (has === undefined) return [makeDrift('is gone', about)]
    const wrong = describeWrongNetwork(wanted, has)
    return [
      ...(wrong === undefined ? [] : [makeDrift(wrong, about)]),
      ...listStrangers(has, facts.containers).map((stranger) =>
        makeDrift(`${stranger} is on it, which is not of the release`, about),
      ),
    ]
  })
