import type { Sections } from './sections.ts'
import { parseJson, readList, readObject, readString, readText } from './values.ts'

/** A network of the engine. Subnets are in CIDR notation. */
export type NetworkFact = {
  readonly id: string
  readonly name: string
  readonly internal: boolean
  /** Its containers keep their own address outside, so that nothing there answers them. */
  readonly unrouted: boolean
  readonly subnets: readonly string[]
  /** Whether Compose takes it for its own. */
  readonly ofCompose: boolean
  /** The device that it is on the host. */
  readonly device: string
  readonly containers: readonly string[]
}

/** A way of the host to a range of IPv4 addresses. */
export type Route = { readonly device: string; readonly subnet: string }

/** A TCP port that the host listens on; `loopback` when nobody from outside can reach it. */
export type Listening = { readonly port: number; readonly loopback: boolean }

export type NetworkFacts = { readonly networks: readonly NetworkFact[]; readonly routes: readonly Route[] }

const parseNetwork = (line: string): NetworkFact | undefined => {
  const it = readObject(parseJson(line))
  const [id, name] = [readText(it['id']), readText(it['name'])]
  if (id === '' || name === '') return undefined
  return {
    id,
    name,
    internal: it['internal'] === true,
    unrouted: it['masquerade'] === 'false',
    subnets: readList(it['subnets']).map(readString),
    ofCompose: it['compose'] === name,
    device: readText(it['bridge']) || `br-${id.slice(0, 12)}`,
    containers: readList(it['containers']).map(readString),
  }
}

/** An address as the kernel prints it: hex, least byte first on the machines we run on. */
const readBytes = (hex: string): readonly number[] =>
  [6, 4, 2, 0].map((at) => Number.parseInt(hex.slice(at, at + 2), 16))

const countBits = (hex: string): number =>
  readBytes(hex).reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)

/** A line of /proc/net/route. Its head and the default route, which leads nowhere in particular, are left out. */
const parseRoute = (line: string): readonly Route[] => {
  const [device = '', destination = '', , , , , , mask = ''] = line.split('\t')
  if (!/^[0-9A-F]{8}$/.test(destination) || !/^[0-9A-F]{8}$/.test(mask) || countBits(mask) === 0) return []
  return [{ device: device.trim(), subnet: `${readBytes(destination).join('.')}/${countBits(mask)}` }]
}

/** Reads the sections `networks` and `routes`; undefined when the engine did not say which networks it has. */
export const parseNetworks = (sections: Sections): NetworkFacts | undefined => {
  const networks = sections.get('networks')
  return (
    networks && {
      networks: networks.map(parseNetwork).filter((one) => one !== undefined),
      routes: (sections.get('routes') ?? []).flatMap(parseRoute),
    }
  )
}

/** 127.0.0.0/8 as the kernel prints it (little endian), ::1, and the IPv4 loopback mapped into IPv6. */
const LOOPBACK = /^(?:[0-9A-F]{6}7F|0{24}01000000|0{16}FFFF0000[0-9A-F]{6}7F)$/

/** Reads lines of /proc/net/tcp and tcp6 (proc(5)): the sockets in state 0A, LISTEN. */
export const parseListening = (lines: readonly string[]): readonly Listening[] =>
  lines.flatMap((line) => {
    const [, local = '', , state = ''] = line.trim().split(/\s+/)
    const [address = '', port = ''] = local.split(':')
    return state === '0A' && port !== '' ? [{ port: Number.parseInt(port, 16), loopback: LOOPBACK.test(address) }] : []
  })
