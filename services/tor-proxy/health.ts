import { Fault } from '#common/process/fault'
import { countCircuits } from './state.ts'
import type { Tor } from './tor.ts'

/** What /health, /status and /metrics tell of tor. */
export type TorHealthParts = {
  readonly tor: Tor
  /** The onion that must be published. */
  readonly address: string
  readonly network: 'on' | 'off'
}

type Checks = Readonly<Record<string, () => Promise<void>>>

const readTraffic = async (tor: Tor, way: 'read' | 'written'): Promise<number> =>
  Number(await tor.control().info(`traffic/${way}`))

type Figure = readonly [name: string, help: string, read: () => number | Promise<number>]

/** What /metrics tells of tor. */
export const torFigures = (tor: Tor, address: string): readonly Figure[] => [
  ['tor_bootstrap_percent', 'How far tor is with joining its network', () => tor.state().bootstrap.percent],
  ['tor_restarts', 'How often tor was started again', tor.restarts],
  ['tor_read_bytes', 'Bytes that this tor has read', () => readTraffic(tor, 'read')],
  ['tor_written_bytes', 'Bytes that this tor has written', () => readTraffic(tor, 'written')],
  ['onion_uploads', 'Directories that took the descriptor of the onion', () => tor.state().uploads[address] ?? 0],
]

/** The checks of /health, and which of them only degrade. With the network off nothing else is expected. */
export const torChecks = ({ tor, address, network }: TorHealthParts): { checks: Checks; soft: string[] } => {
  const answers = async () => void (await tor.control().info('version'))
  const bootstrap = async () => {
    const { percent, summary, warning } = tor.state().bootstrap
    if (percent < 100)
      throw new Fault('unavailable', 'bootstrapping', `${percent} %: ${warning ?? summary}`, { retryAfter: 2_000 })
  }
  const onion = async () => {
    const { uploads, failures } = tor.state()
    const why = failures[address] ?? 'the descriptor is not published yet'
    if (uploads[address] === undefined) throw new Fault('unavailable', 'not-published', why)
  }
  const off = async () => {
    throw new Fault('unavailable', 'network-off', 'off, as TOR_NETWORK says: nothing goes out or comes in')
  }
  return network === 'on'
    ? { checks: { tor: answers, bootstrap, onion }, soft: [] }
    : { checks: { tor: answers, network: off }, soft: ['network'] }
}

/** What /status adds. */
export const torStatus = async ({ tor, address, network }: TorHealthParts) => {
  const control = tor.control()
  return {
    network,
    tor: {
      version: await control.info('version'),
      restarts: tor.restarts(),
      bootstrap: tor.state().bootstrap,
      circuits: countCircuits(await control.info('circuit-status')),
      traffic: { read: await readTraffic(tor, 'read'), written: await readTraffic(tor, 'written') },
    },
    onions: { gateway: address },
  }
}
