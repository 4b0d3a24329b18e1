import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { start } from '#common/http/main'
import { Gauge, Registry } from '#common/http/metrics'
import { Fault } from '#common/process/fault'
import { findProgram } from '#common/process/program'
import { runFolder } from '#common/process/run-folder'
import { Env } from './env.ts'
import { forward } from './forward.ts'
import { hashPassword } from './hash-password.ts'
import { onionIn, tellAddresses } from './onion-folder.ts'
import { routes } from './routes.ts'
import { circuitsOf } from './state.ts'
import { testLines } from './test-network.ts'
import { startTor } from './tor.ts'
import { cookieIn, torrc } from './torrc.ts'

/** Below the time that `start` gives to all of a shutdown. */
const GRACE = 6_000

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))

/** A figure that is not to be had makes no scrape fail. */
const known = async (value: () => number | Promise<number>): Promise<number> => {
  try {
    return await value()
  } catch {
    return Number.NaN
  }
}

/** Where we ourselves reach a port that listens on `host`. */
const reachable = (host: string): string => (host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host)

await start('tor-proxy', Env, async ({ env, log, parts, onStop }) => {
  const program = findProgram('tor', Bun.env['PATH'])
  if (program === undefined) throw new Error('tor is not on this machine: apt-get install tor')
  const network = env.TOR_NETWORK ?? (env.LUCID_ENV === 'production' ? 'on' : 'off')
  const test = testLines(env.TOR_TEST_NETWORK, env.LUCID_ENV)
  const data = join(env.LUCID_DATA, 'tor')
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const folder = join(env.LUCID_DATA, 'onions', 'gateway')
  const address = onionIn(folder, () => random(32))
  tellAddresses(env.ONION_STATE, { gateway: address })

  const unix = join(runFolder('tor-proxy', env.LUCID_DATA), 'gateway.sock')
  const [gatewayHost = '', gatewayPort = ''] = env.API_GATEWAY_ONION.split(':')
  const gateway = await forward({ unix }, { host: gatewayHost, port: Number(gatewayPort) })
  onStop(() => gateway.close())

  const tor = await startTor({
    program,
    file: join(env.LUCID_DATA, 'torrc'),
    torrc: torrc({
      host: env.HOST,
      ports: { socks: env.SOCKS_PORT, control: env.CONTROL_PORT, http: env.HTTP_PORT },
      data,
      passwordHash: hashPassword(env.TOR_CONTROL_PASSWORD.reveal(), random(8)),
      networks: env.SOCKS_NETWORKS.split(','),
      network,
      onions: [{ folder, port: 80, unix }],
      owner: process.pid,
      test,
    }),
    control: { host: reachable(env.HOST), port: env.CONTROL_PORT, cookie: cookieIn(data) },
    nonce: () => random(32),
    log,
    onHopeless: (why) => {
      log.error('tor-hopeless', { why })
      process.exit(1) // whoever runs this service starts it again, later each time
    },
  })
  onStop(() => tor.stop(GRACE))

  const metrics = parts.metrics ?? new Registry()
  const gauge = (name: string, help: string, value: () => number | Promise<number>) =>
    new Gauge({
      name,
      help,
      registers: [metrics],
      async collect() {
        this.set(await known(value))
      },
    })
  const bytes = async (way: 'read' | 'written') => Number(await tor.control().info(`traffic/${way}`))
  gauge(
    'tor_bootstrap_percent',
    'How far tor is with joining its network',
    () => tor.state().bootstrap.percent,
  )
  gauge('tor_restarts', 'How often tor was started again', tor.restarts)
  gauge('tor_read_bytes', 'Bytes that this tor has read', () => bytes('read'))
  gauge('tor_written_bytes', 'Bytes that this tor has written', () => bytes('written'))
  gauge(
    'onion_uploads',
    'Directories that took the descriptor of the onion',
    () => tor.state().uploads[address] ?? 0,
  )
  gauge('onion_connections', 'Connections that came through the onion', gateway.open)

  const says = async () => void (await tor.control().info('version'))
  const joined = async () => {
    const { percent, summary, warning } = tor.state().bootstrap
    if (percent < 100)
      throw new Fault('unavailable', 'bootstrapping', `${percent} %: ${warning ?? summary}`, {
        retryAfter: 2_000,
      })
  }
  const published = async () => {
    const { uploads, failures } = tor.state()
    if (uploads[address] === undefined)
      throw new Fault(
        'unavailable',
        'not-published',
        failures[address] ?? 'the descriptor is not published yet',
      )
  }
  const off = async () => {
    throw new Fault('unavailable', 'network-off', 'off, as TOR_NETWORK says: nothing goes out or comes in')
  }
  return routes({
    addresses: { gateway: address },
    state: tor.state,
    parts: {
      ...parts,
      metrics,
      checks:
        network === 'on' ? { tor: says, bootstrap: joined, onion: published } : { tor: says, network: off },
      soft: network === 'on' ? [] : ['network'],
      status: async () => {
        const control = tor.control()
        return {
          network,
          tor: {
            version: await control.info('version'),
            restarts: tor.restarts(),
            bootstrap: tor.state().bootstrap,
            circuits: circuitsOf(await control.info('circuit-status')),
            traffic: { read: await bytes('read'), written: await bytes('written') },
          },
          onions: { gateway: address },
        }
      },
    },
  })
})
