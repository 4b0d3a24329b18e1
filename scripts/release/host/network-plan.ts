import type { Entry, Stock } from '#catalog'
import type { NetworkFacts } from '#common/host/facts/networks'
import { type Net, networkStack } from '../../derive/network.ts'

/** Networks as they are expected. Subnets are IPv4 in CIDR notation. */
export type ExpectedNetworks = Readonly<Record<string, Net>>

type Range = { readonly from: number; readonly to: number }

/** First and last address of an IPv4 range; undefined for anything else. */
export const rangeOf = (subnet: string): Range | undefined => {
  const [, a, b, c, d, bits] = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(subnet)?.map(Number) ?? []
  if (a === undefined || b === undefined || c === undefined || d === undefined || bits === undefined) return undefined
  const size = 2 ** (32 - bits)
  const address = ((a * 256 + b) * 256 + c) * 256 + d
  const from = address - (address % size)
  return { from, to: from + size - 1 }
}

export const overlap = (one: string, other: string): boolean => {
  const [a, b] = [rangeOf(one), rangeOf(other)]
  return a !== undefined && b !== undefined && a.from <= b.to && b.from <= a.to
}

/** Why the networks cannot be had on this host, a sentence for each; one of ours that is another is made anew. Empty is good. */
export const findNetworkFaults = (
  expected: ExpectedNetworks,
  { networks, routes }: NetworkFacts,
): readonly string[] => {
  const own = new Set(networks.map(({ device }) => device))
  return Object.entries(expected).flatMap(([name, { subnet }]) => {
    const clashing = networks.filter(
      (one) => !Object.hasOwn(expected, one.name) && one.subnets.some((other) => overlap(other, subnet)),
    )
    const routed = routes.filter((one) => !own.has(one.device) && overlap(one.subnet, subnet))
    return [
      ...clashing.map(
        (one) =>
          `network ${name} (${subnet}) clashes with the network ${one.name} (${one.subnets.join(' ')}) of this engine: remove that, or move it`,
      ),
      ...routed.map(
        (one) =>
          `network ${name} (${subnet}) clashes with the way of the host to ${one.subnet} by ${one.device}: move that network`,
      ),
    ]
  })
}

/** Compose makes those networks with the first stack that a service is on which it starts by itself; these are the others. */
export const selectLone = (
  expected: ExpectedNetworks,
  members: Readonly<Record<string, Pick<Entry | Stock, 'stack' | 'networks'> & Pick<Entry, 'profile'>>>,
): ExpectedNetworks => {
  const used = new Set<string>(
    Object.values(members).flatMap(({ stack, networks, profile }) =>
      stack === networkStack && profile === undefined ? networks : [],
    ),
  )
  return Object.fromEntries(Object.entries(expected).filter(([name]) => !used.has(name)))
}
