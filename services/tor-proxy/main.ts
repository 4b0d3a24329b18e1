import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Static } from '@sinclair/typebox'
import { start } from '#common/http/main'
import { addGauge } from '#common/http/metrics'
import { errorFields } from '#common/process/log'
import { findProgram } from '#common/process/program'
import { machineRandom } from '#common/process/random'
import { openRunFolder } from '#common/process/run-folder'
import { Env } from './env.ts'
import { forward } from './forward.ts'
import { hashPassword } from './hash-password.ts'
import { torChecks, torFigures, torStatus } from './health.ts'
import { openOnionFolder, publishAddresses } from './onion-folder.ts'
import { routes } from './routes.ts'
import { testLines } from './test-network.ts'
import { startTor } from './tor.ts'
import { cookiePath, torrc } from './torrc.ts'

/** Below the time that `start` gives to all of a shutdown. */
const GRACE = 6_000

/** Where we ourselves reach a port that listens on `host`. */
const reachable = (host: string): string => (host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host)

const openOnion = async ({ LUCID_DATA, ONION_STATE, API_GATEWAY_ONION }: Static<typeof Env>, run: string) => {
  const folder = join(LUCID_DATA, 'onions', 'gateway')
  const address = openOnionFolder(folder, () => machineRandom(32))
  publishAddresses(ONION_STATE, { gateway: address })
  const unix = join(run, 'gateway.sock')
  const [host = '', port = ''] = API_GATEWAY_ONION.split(':')
  return { folder, address, unix, forwarder: await forward({ unix }, { host, port: Number(port) }) }
}

await start('tor-proxy', Env, async ({ env, log, parts, onStop }) => {
  const program = findProgram('tor', Bun.env['PATH'])
  if (program === undefined) throw new Error('tor is not on this machine: apt-get install tor')
  const network = env.TOR_NETWORK ?? (env.LUCID_ENV === 'production' ? 'on' : 'off')
  const test = testLines(env.TOR_TEST_NETWORK, env.LUCID_ENV)
  const data = join(env.LUCID_DATA, 'tor')
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const run = await openRunFolder('tor-proxy', env.LUCID_DATA)
  onStop(run.remove)
  const { folder, address, unix, forwarder } = await openOnion(env, run.path)
  onStop(forwarder.close)

  const tor = await startTor({
    program,
    file: join(env.LUCID_DATA, 'torrc'),
    torrc: torrc({
      host: env.HOST,
      ports: { socks: env.SOCKS_PORT, control: env.CONTROL_PORT, http: env.HTTP_PORT },
      data,
      passwordHash: hashPassword(env.TOR_CONTROL_PASSWORD.reveal(), machineRandom(8)),
      networks: env.SOCKS_NETWORKS.split(','),
      network,
      onions: [{ folder, port: 80, unix }],
      owner: process.pid,
      test,
    }),
    control: { host: reachable(env.HOST), port: env.CONTROL_PORT, cookie: cookiePath(data) },
    nonce: () => machineRandom(32),
    log,
    onHopeless: (why) => {
      log.error('tor-hopeless', { why })
      process.exit(1) // whoever runs this service starts it again, later each time
    },
  })
  onStop(() => tor.stop(GRACE))
  // Tor reads `authorized_clients` of the onion again: who may reach it changes with neither restart nor another address.
  process.on('SIGHUP', () => {
    const reload = async () => void (await tor.control().ask('SIGNAL RELOAD'))
    reload().then(
      () => log.info('reloaded'),
      (error) => log.error('cannot-reload', errorFields(error)),
    )
  })

  for (const [name, help, read] of torFigures(tor, address)) addGauge(parts.metrics, name, help, read)
  addGauge(parts.metrics, 'onion_connections', 'Connections that came through the onion', forwarder.open)
  const health = { tor, address, network }
  return routes({
    addresses: { gateway: address },
    state: tor.state,
    parts: { ...parts, ...torChecks(health), status: () => torStatus(health) },
  })
})
