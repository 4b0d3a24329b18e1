import type { Entry, Network, Stack, Stock } from '#catalog'

/** Somebody on the networks. */
export type Place = {
  readonly name: string
  readonly stack: Stack
  readonly host: string
  readonly port: number
  readonly neededBy: readonly string[]
}

/** A service of ours, with its base URL. */
export type ServicePlace = Place & { readonly url: string }

type Services = Readonly<Record<string, Entry>>

export type Known = {
  readonly services: Services
  readonly stock: Readonly<Record<string, Stock>>
  readonly clients: Readonly<Record<string, { readonly needs: readonly string[] }>>
  /** Networks that whoever asks is on. */
  readonly networks: readonly Network[]
  /** Where services answer, by name, when not at their name and port. */
  readonly addresses: Readonly<Record<string, string | undefined>>
}

const callersOf = (name: string, { services, clients }: Known): readonly string[] =>
  Object.entries({ ...services, ...clients })
    .filter(([, { needs }]) => needs.includes(name))
    .map(([caller]) => caller)

const meets = (networks: readonly Network[], own: readonly Network[]) =>
  networks.some((network) => own.includes(network))

const placeOf = (name: string, { stack, port }: Entry, known: Known): ServicePlace => {
  const given = known.addresses[name]
  const url = (given ?? `http://${name}:${port}`).replace(/\/$/, '')
  const { hostname, port: urlPort } = new URL(url)
  return {
    name,
    stack,
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(urlPort) || (url.startsWith('https:') ? 443 : 80),
    url,
    neededBy: callersOf(name, known),
  }
}

/** All services on a network of `known.networks`, and the names of those that are on none of them. */
export const places = (
  known: Known,
): { readonly near: readonly ServicePlace[]; readonly elsewhere: readonly string[] } => {
  const entries = Object.entries(known.services)
  return {
    near: entries
      .filter(([, { networks }]) => meets(networks, known.networks))
      .map(([name, entry]) => placeOf(name, entry, known)),
    elsewhere: entries.filter(([, { networks }]) => !meets(networks, known.networks)).map(([name]) => name),
  }
}

/** Containers that are not ours, needed by every service that keeps documents. Their name is their address. */
export const stockPlaces = ({ services, stock, networks }: Known): readonly Place[] =>
  Object.entries(stock)
    .filter(([, entry]) => meets(entry.networks, networks))
    .map(([name, { stack, port }]) => ({
      name,
      stack,
      host: name,
      port,
      neededBy: Object.keys(services).filter((service) => services[service]?.store),
    }))
