import type { NetworkFacts } from '#common/host/facts/networks'
import { type Net, networkStack, UNROUTED } from '../../derive/network.ts'
import { commandLine } from '../../host/quote.ts'

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

/** Makes a network as Compose would, and with what Compose knows its own by: whichever of the two makes it, the other takes it. */
export const createNetwork = (
  name: string,
  { subnet, internal, unrouted }: { readonly subnet: string; readonly internal?: boolean; readonly unrouted?: boolean },
  stack: string = networkStack,
): string =>
  commandLine(
    ...['docker', 'network', 'create', '--driver', 'bridge', '--subnet', subnet],
    ...(internal ? ['--internal'] : []),
    ...(unrouted ? Object.entries(UNROUTED).map(([key, value]) => `--opt=${key}=${value}`) : []),
    ...['--label', `com.docker.compose.project=lucid-${stack}`, '--label', `com.docker.compose.network=${name}`],
    name,
  )
