import type { Entry, Network, Stack, Stock } from '#catalog'

/** Somebody on the networks. */
export type Endpoint = {
  readonly name: string
  readonly stack: Stack
  readonly host: string
  readonly port: number
  readonly neededBy: readonly string[]
}

/** A service of ours, with its base URL. */
export type ServiceEndpoint = Endpoint & { readonly url: string }

type Services = Readonly<Record<string, Entry>>

export type Topology = {
  readonly services: Services
  readonly stock: Readonly<Record<string, Stock>>
  readonly clients: Readonly<Record<string, { readonly needs: readonly string[] }>>
  /** Networks that whoever asks is on. */
  readonly networks: readonly Network[]
  /** Where services answer, by name, when not at their name and port. */
  readonly addresses: Readonly<Record<string, string | undefined>>
}

const listCallers = (name: string, { services, clients }: Topology): readonly string[] =>
  Object.entries({ ...services, ...clients })
    .filter(([, { needs }]) => needs.includes(name))
    .map(([caller]) => caller)

const sharesNetwork = (networks: readonly Network[], own: readonly Network[]) =>
  networks.some((network) => own.includes(network))

const endpointFor = (name: string, { stack, port }: Entry, known: Topology): ServiceEndpoint => {
  const given = known.addresses[name]
  const url = (given ?? `http://${name}:${port}`).replace(/\/$/, '')
  const { hostname, port: urlPort } = new URL(url)
  return {
    name,
    stack,
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(urlPort) || (url.startsWith('https:') ? 443 : 80),
    url,
    neededBy: listCallers(name, known),
  }
}

/** All services on a network of `known.networks`, and the names of those that are on none of them. */
export const serviceEndpoints = (
  known: Topology,
): { readonly reachable: readonly ServiceEndpoint[]; readonly unreachable: readonly string[] } => {
  const entries = Object.entries(known.services)
  return {
    reachable: entries
      .filter(([, { networks }]) => sharesNetwork(networks, known.networks))
      .map(([name, entry]) => endpointFor(name, entry, known)),
    unreachable: entries.filter(([, { networks }]) => !sharesNetwork(networks, known.networks)).map(([name]) => name),
  }
}

/** Containers that are not ours, needed by every service that keeps documents. Their name is their address. */
export const stockEndpoints = ({ services, stock, networks }: Topology): readonly Endpoint[] =>
  Object.entries(stock)
    .filter(([, entry]) => sharesNetwork(entry.networks, networks))
    .map(([name, { stack, port }]) => ({
      name,
      stack,
      host: name,
      port,
      neededBy: Object.keys(services).filter((service) => services[service]?.store),
    }))
