import type { Entry, Stock } from '#catalog'
import { networkStack } from '../../derive/network.ts'

/** A network as it is wanted. Subnets are IPv4 in CIDR notation. */
export type WantedNetwork = { readonly subnet: string; readonly internal?: true }
export type WantedNetworks = Readonly<Record<string, WantedNetwork>>

/** A network of the engine. */
export type FoundNetwork = {
  readonly id: string
  readonly name: string
  readonly internal: boolean
  readonly subnets: readonly string[]
}

/** A way of the host to a range of addresses. */
export type Route = { readonly device: string; readonly subnet: string }

export type NetworkFacts = { readonly networks: readonly FoundNetwork[]; readonly routes: readonly Route[] }

type Range = { readonly from: number; readonly to: number }

/** First and last address of an IPv4 range; undefined for anything else. */
export const rangeOf = (subnet: string): Range | undefined => {
  const [, a, b, c, d, bits] = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(subnet)?.map(Number) ?? []
  if (a === undefined || b === undefined || c === undefined || d === undefined || bits === undefined)
    return undefined
  const size = 2 ** (32 - bits)
  const address = ((a * 256 + b) * 256 + c) * 256 + d
  const from = address - (address % size)
  return { from, to: from + size - 1 }
}

export const overlap = (one: string, other: string): boolean => {
  const [a, b] = [rangeOf(one), rangeOf(other)]
  return a !== undefined && b !== undefined && a.from <= b.to && b.from <= a.to
}

/** The devices that Docker makes for a bridge network, but for its first (docker0), whose network says its name. */
const deviceOf = ({ id, name }: FoundNetwork): string =>
  name === 'bridge' ? 'docker0' : `br-${id.slice(0, 12)}`

/** Why the networks cannot be had on this host, a sentence for each. Empty is good. */
export const networkFaults = (
  wanted: WantedNetworks,
  { networks, routes }: NetworkFacts,
): readonly string[] => {
  const own = new Set(networks.map(deviceOf))
  return Object.entries(wanted).flatMap(([name, { subnet, internal = false }]) => {
    const made = networks.find((one) => one.name === name)
    const clashing = networks.filter(
      (one) => one.name !== name && one.subnets.some((other) => overlap(other, subnet)),
    )
    const routed = routes.filter((one) => !own.has(one.device) && overlap(one.subnet, subnet))
    return [
      ...(made !== undefined && made.subnets.join(' ') !== subnet
        ? [
            `network ${name} is ${made.subnets.join(' ') || 'without a subnet'}, not ${subnet}: docker network rm ${name}`,
          ]
        : []),
      ...(made !== undefined && made.internal !== internal
        ? [`network ${name} ${made.internal ? 'is' : 'is not'} internal: docker network rm ${name}`]
        : []),
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
export const loneNetworks = (
  wanted: WantedNetworks,
  members: Readonly<Record<string, Pick<Entry | Stock, 'stack' | 'networks'> & Pick<Entry, 'profile'>>>,
): WantedNetworks => {
  const used = new Set<string>(
    Object.values(members).flatMap(({ stack, networks, profile }) =>
      stack === networkStack && profile === undefined ? networks : [],
    ),
  )
  return Object.fromEntries(Object.entries(wanted).filter(([name]) => !used.has(name)))
}

const MARK = '== routes'

/** A script of sh that prints what `networkFacts` reads. /proc/net/route is there where `ip` is not. */
export const NETWORK_SCRIPT = [
  'for id in $(docker network ls --quiet --no-trunc); do',
  '  docker network inspect --format \'{{.Id}} {{.Name}} {{.Internal}} {{range .IPAM.Config}}{{.Subnet}} {{end}}\' "$id" || exit 1',
  'done',
  `echo '${MARK}'; cat /proc/net/route 2>/dev/null; :`,
].join('\n')

/** An address as the kernel prints it: hex, least byte first on the machines we run on. */
const bytesOf = (hex: string): readonly number[] =>
  [6, 4, 2, 0].map((at) => Number.parseInt(hex.slice(at, at + 2), 16))

const bitsOf = (hex: string): number =>
  bytesOf(hex).reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)

const routeOf = (line: string): readonly Route[] => {
  const [device, destination, , , , , , mask] = line.split('\t')
  if (device === undefined || destination === undefined || mask === undefined || bitsOf(mask) === 0) return []
  return [{ device, subnet: `${bytesOf(destination).join('.')}/${bitsOf(mask)}` }]
}

/** What the script printed. The default route is no way to anywhere in particular and is left out. */
export const networkFacts = (text: string): NetworkFacts => {
  const [networks = '', routes = ''] = text.split(`${MARK}\n`)
  return {
    networks: networks
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [id = '', name = '', internal, ...subnets] = line.trim().split(' ')
        return { id, name, internal: internal === 'true', subnets: subnets.filter(Boolean) }
      }),
    routes: routes.split('\n').slice(1).flatMap(routeOf),
  }
}
