import { readFileSync } from 'node:fs'
import type { Static } from '@sinclair/typebox'
import { catalog, type Entry, type ServiceName } from '#catalog'
import type { Guard } from '#common/http/identity'
import { start } from '#common/http/main'
import { addGauge } from '#common/http/metrics'
import { urlKey } from '#common/process/env'
import { answers } from '#common/process/health'
import { errorFields } from '#common/process/log'
import { findProgram } from '#common/process/program'
import { openRunFolder } from '#common/process/run-folder'
import { callerCheck, requestBudget } from './caller-check.ts'
import { configuration } from './configuration.ts'
import { Env } from './env.ts'
import { chooseResolvers } from './nameservers.ts'
import { startNginx } from './nginx.ts'
import { routes } from './routes.ts'
import { limits, type Settings, socketsIn } from './settings.ts'

/** Below the time that `start` gives to all of a shutdown. */
const GRACE = 7_000

const freePort = (hostname: string): number => {
  const listener = Bun.listen({ hostname, port: 0, socket: { data: () => {} } })
  const { port } = listener
  listener.stop(true)
  return port
}

/** The services that this one leads to: those it needs, which all show something. */
const publicServices = catalog['api-gateway'].needs.flatMap((name: ServiceName) => {
  const entry: Entry = catalog[name]
  return entry.public === undefined ? [] : [{ service: name, public: entry.public }]
})

/** The services behind the gateway with their origins. Throws when one is not to be spoken to by http. */
const readUpstreams = (urls: Readonly<Record<string, unknown>>): Settings['upstreams'] =>
  publicServices.map((one) => {
    const { protocol, origin } = new URL(String(urls[urlKey(one.service)]))
    if (protocol !== 'http:') throw new Error(`${urlKey(one.service)}: the gateway speaks http to services`)
    return { ...one, origin }
  })

const readSettings = (env: Static<typeof Env>, folder: string): Settings => ({
  host: env.HOST,
  port: env.PORT === 0 ? freePort(env.HOST) : env.PORT,
  onionPort: env.ONION_PORT === 0 ? freePort(env.HOST) : env.ONION_PORT,
  onionFrom: env.ONION_NETWORKS.split(','),
  folder,
  resolvers: [],
  upstreams: readUpstreams(env),
  hostNames: env.GATEWAY_HOSTS.split(',').filter((name) => name !== ''),
  timeoutMs: env.UPSTREAM_TIMEOUT_MS,
  ...(process.getuid?.() === 0 && { user: 'root' }),
})

/** The configuration with the nameservers of this moment. */
const render = (settings: Settings): string => {
  const origins = settings.upstreams.map(({ origin }) => origin)
  const resolvers = chooseResolvers(origins, readFileSync('/etc/resolv.conf', 'utf8'))
  return configuration({ ...settings, resolvers })
}

const figures = [
  ['nginx_connections', 'Open connections', 'connections'],
  ['nginx_accepted_connections', 'Connections since NGINX was started', 'accepted'],
  ['nginx_requests', 'Requests since NGINX was started', 'requests'],
] as const

await start('api-gateway', Env, async ({ env, log, parts, reach, guardOf, behind, onStop }) => {
  const program = findProgram('nginx', Bun.env['PATH'])
  if (program === undefined) throw new Error('nginx is not on this machine: apt-get install nginx')
  const run = await openRunFolder('api-gateway', env.LUCID_DATA)
  onStop(run.remove)
  const settings = readSettings(env, run.path)
  const { folder, port, upstreams } = settings
  const nginx = await startNginx({
    program,
    folder,
    render: () => render(settings),
    log,
    onHopeless: (why) => {
      log.error('nginx-hopeless', { why })
      process.exit(1) // whoever runs this service starts it again, later each time
    },
  })
  onStop(() => nginx.stop(GRACE))
  process.on('SIGHUP', () => {
    nginx.reload().then(
      () => log.info('reloaded'),
      (error) => log.error('cannot-reload', errorFields(error)),
    )
  })
  for (const [name, help, key] of figures)
    addGauge(parts.metrics, name, help, async () => (await nginx.counts())[key])

  const leadsTo = upstreams.map(({ service, origin, public: { prefix } }) => ({
    service,
    prefix,
    answers: answers(reach(service, origin, 1_000)),
  }))
  behind({ unix: socketsIn(folder).own, port })
  const check = callerCheck({
    valid: requestBudget(limits.authenticated, () => performance.now()),
    invalid: requestBudget(limits.anonymous, () => performance.now()),
  })
  const guards = new Map<string, Guard>(upstreams.map(({ service }) => [service, guardOf(service)]))
  return routes({
    behind: leadsTo,
    mayGoOn: async (service, client, request) => {
      const guard = guards.get(service)
      return guard !== undefined && check(client, () => guard(request))
    },
    parts: {
      ...parts,
      checks: {
        nginx: async () => void (await nginx.counts()),
        ...Object.fromEntries(leadsTo.map(({ service, answers: check }) => [service, check])),
      },
      soft: leadsTo.map(({ service }) => service),
      status: async () => ({ nginx: { ...(await nginx.counts()), restarts: nginx.restarts() } }),
    },
  })
})
