import { readFileSync, rmSync } from 'node:fs'
import { catalog, type Entry, type ServiceName } from '#catalog'
import { start } from '#common/http/main'
import { Gauge, Registry } from '#common/http/metrics'
import { urlKey } from '#common/process/env'
import { answers } from '#common/process/health'
import { errorFields } from '#common/process/log'
import { findProgram } from '#common/process/program'
import { runFolder } from '#common/process/run-folder'
import { configuration, type Settings, socketsIn } from './configuration.ts'
import { Env } from './env.ts'
import { resolversFor } from './nameservers.ts'
import { startNginx } from './nginx.ts'
import { routes } from './routes.ts'

/** Below the time that `start` gives to all of a shutdown. */
const GRACE = 7_000

const freePort = (hostname: string): number => {
  const held = Bun.listen({ hostname, port: 0, socket: { data: () => {} } })
  const { port } = held
  held.stop(true)
  return port
}

/** The services that this one leads to: those it needs, which all show something. */
const shown = catalog['api-gateway'].needs.flatMap((name: ServiceName) => {
  const entry: Entry = catalog[name]
  return entry.public === undefined ? [] : [{ service: name, public: entry.public }]
})

await start('api-gateway', Env, async ({ env, log, parts, reach, behind, onStop }) => {
  const program = findProgram('nginx', Bun.env['PATH'])
  if (program === undefined) throw new Error('nginx is not on this machine: apt-get install nginx')
  const folder = runFolder('api-gateway', env.LUCID_DATA)
  const port = env.PORT === 0 ? freePort(env.HOST) : env.PORT
  const onionPort = env.ONION_PORT === 0 ? freePort(env.HOST) : env.ONION_PORT
  const urls: Readonly<Record<string, unknown>> = env
  const upstreams = shown.map((one) => {
    const { protocol, origin } = new URL(String(urls[urlKey(one.service)]))
    if (protocol !== 'http:') throw new Error(`${urlKey(one.service)}: the gateway speaks http to services`)
    return { ...one, origin }
  })
  const render = (): string => {
    const settings: Settings = {
      host: env.HOST,
      port,
      onionPort,
      folder,
      resolvers: resolversFor(
        upstreams.map(({ origin }) => origin),
        readFileSync('/etc/resolv.conf', 'utf8'),
      ),
      upstreams,
      hostNames: env.GATEWAY_HOSTS.split(',').filter((name) => name !== ''),
      timeoutMs: env.UPSTREAM_TIMEOUT_MS,
      ...(process.getuid?.() === 0 && { user: 'root' }),
    }
    return configuration(settings)
  }

  const nginx = await startNginx({
    program,
    folder,
    render,
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

  const metrics = parts.metrics ?? new Registry()
  for (const [name, help, key] of [
    ['nginx_connections', 'Open connections', 'connections'],
    ['nginx_accepted_connections', 'Connections since NGINX was started', 'accepted'],
    ['nginx_requests', 'Requests since NGINX was started', 'requests'],
  ] as const)
    new Gauge({
      name,
      help,
      registers: [metrics],
      async collect() {
        // A figure that is not to be had makes no scrape fail.
        const counts = await nginx.counts().catch(() => undefined)
        this.set(counts?.[key] ?? Number.NaN)
      },
    })

  const leadsTo = upstreams.map(({ service, origin, public: { prefix } }) => ({
    service,
    prefix,
    answers: answers(reach(service, origin, 1_000)),
  }))
  rmSync(socketsIn(folder).own, { force: true })
  behind({ unix: socketsIn(folder).own, port })
  return routes({
    behind: leadsTo,
    parts: {
      ...parts,
      metrics,
      checks: {
        nginx: async () => void (await nginx.counts()),
        ...Object.fromEntries(leadsTo.map(({ service, answers: check }) => [service, check])),
      },
      soft: leadsTo.map(({ service }) => service),
      status: async () => ({ nginx: { ...(await nginx.counts()), restarts: nginx.restarts() } }),
    },
  })
})
