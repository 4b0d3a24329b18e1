import type { Entry, Stock } from '#catalog'
import type { Container } from '#common/host/facts/container'
import { commandLine } from '../host/quote.ts'
import type { ExpectedContainer } from './expected.ts'

/** A connection that is tried from inside a container. By name where `name` is given, else to the address. */
export type Connection = {
  readonly name?: string
  readonly address?: string
  readonly port: number
  /** Whether it must open; undefined for what is of no account. */
  readonly opens: boolean
  /** For people. */
  readonly what: string
}

/** What one container is to try. */
export type ConnectionPlan = {
  readonly container: string
  readonly service: string
  readonly connections: readonly Connection[]
}

export type ReleaseView = {
  readonly catalog: Readonly<Record<string, Entry>>
  readonly stock: Readonly<Record<string, Stock>>
  readonly expected: readonly ExpectedContainer[]
  readonly containers: ReadonlyMap<string, Pick<Container, 'networks'>>
}

const findPort = ({ catalog, stock }: ReleaseView, service: string): number | undefined =>
  catalog[service]?.port ?? stock[service]?.port

const listNeeded = ({ catalog, stock }: ReleaseView, service: string): readonly string[] => {
  const entry = catalog[service]
  return entry === undefined ? [] : [...entry.needs, ...(entry.reads ?? []), ...(entry.store ? Object.keys(stock) : [])]
}

const listAddresses = (is: Pick<Container, 'networks'> | undefined): readonly string[] =>
  Object.values(is?.networks ?? {})
    .map(({ address }) => address)
    .filter(Boolean)

/**
 * Everything that each container of ours is to try: whom it needs must take its connection by name; who shares no network
 * with it may be found neither by name nor by address; and no port that the host publishes for itself may be open to it.
 */
export const planConnections = (world: ReleaseView): readonly ConnectionPlan[] => {
  const { expected, containers } = world
  const served = expected.filter(({ networks }) => networks.length > 0)
  const hostPorts = expected.flatMap(({ ports }) => Object.values(ports).map(Number))
  return served
    .filter(({ ours, service, container }) => ours && world.catalog[service] !== undefined && containers.has(container))
    .map(({ service, container, networks }) => {
      const needed = new Set(listNeeded(world, service))
      const is = containers.get(container)
      const connections = served.flatMap((other): readonly Connection[] => {
        const port = findPort(world, other.service)
        if (other.service === service || port === undefined) return []
        const meets = other.networks.some((name) => networks.includes(name))
        if (needed.has(other.service) && meets)
          return [{ name: other.container, port, opens: true, what: other.service }]
        if (meets) return []
        return [
          { name: other.container, port, opens: false, what: `${other.service} by name` },
          ...listAddresses(containers.get(other.container)).map((address) => ({
            address,
            port,
            opens: false,
            what: `${other.service} at ${address}`,
          })),
        ]
      })
      const gateways = Object.values(is?.networks ?? {})
        .map(({ gateway }) => gateway)
        .filter(Boolean)
      const host = gateways.flatMap((address) =>
        hostPorts.map((port) => ({ address, port, opens: false, what: `port ${port} of the host` })),
      )
      return { container, service, connections: [...connections, ...host] }
    })
}

/** Longest wait for a name or a connection, ms: of what must open, and of what must not, where packets are dropped and never answered. */
const PATIENCE = { opens: 6_000, closed: 1_500 } as const

/** The program that a container runs with its own Bun: it prints a list of what opened. */
const PROGRAM = `
const { connect } = require('node:net'), { lookup } = require('node:dns').promises
const within = (ms, p) => Promise.race([p, new Promise((_, no) => setTimeout(no, ms))])
const dial = (host, port) => new Promise((yes, no) => {
  const s = connect({ host, port }, () => { s.destroy(); yes() }); s.on('error', no) })
const found = async (name, address, port) => dial(name ? (await lookup(name)).address : address, port)
const one = ([name, address, port, ms]) => within(ms, found(name, address, port))
Promise.all(JSON.parse(process.argv.at(-1)).map((ask) => one(ask).then(() => 1, () => 0)))
  .then((all) => { console.log(JSON.stringify(all)); process.exit(0) })`

/** The line of sh that has a container try its connections; prints its name, a tab and the answers. */
export const connectionScript = ({ container, connections }: ConnectionPlan): string => {
  const words = JSON.stringify(
    connections.map(({ name = '', address = '', port, opens }) => [
      name,
      address,
      port,
      opens ? PATIENCE.opens : PATIENCE.closed,
    ]),
  )
  const exec = commandLine('docker', 'exec', container, '/usr/local/bin/bun', '-e', PROGRAM, words)
  return `printf '%s\\t%s\\n' ${container} "$(${exec} 2>/dev/null </dev/null)"`
}

/** What is not as it should be by the answers of one container, and how much was tried; undefined when it gave none. */
export const judgeConnections = ({ connections }: ConnectionPlan, answers: string | undefined) => {
  let opened: unknown
  try {
    opened = JSON.parse(answers ?? '')
  } catch {
    return undefined
  }
  if (!Array.isArray(opened) || opened.length !== connections.length) return undefined
  const isOpen = (at: number): boolean => opened[at] === 1
  const odd = connections.filter(({ opens }, at) => opens !== isOpen(at))
  return {
    wrong: odd.map(({ opens, what }) => (opens ? `cannot reach ${what}` : `can reach ${what}`)),
    reached: connections.filter(({ opens }, at) => opens && isOpen(at)).map(({ what }) => what),
    kept: connections.filter(({ opens }, at) => !opens && !isOpen(at)).length,
  }
}
