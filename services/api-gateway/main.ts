import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Static, Type } from '@sinclair/typebox'
import { catalog, type Entry, type ServiceName } from '#catalog'
import { client, ok } from '#common/http/client'
import type { Guard } from '#common/http/identity'
import { start } from '#common/http/main'
import { addGauge } from '#common/http/metrics'
import { addressesOf } from '#common/http/name-server'
import { peopleGuard } from '#common/http/people-guard'
import { type SignIns, signIns } from '#common/people/sign-ins'
import { machineClocks } from '#common/process/clock'
import { readEnv, urlKey } from '#common/process/env'
import { answers } from '#common/process/health'
import { errorFields, type Log } from '#common/process/log'
import { findProgram } from '#common/process/program'
import { openRunFolder } from '#common/process/run-folder'
import { fromHex } from '#common/stream/bytes'
import { poller } from '#common/stream/poller'
import type { Api as Authentication } from '#services/authentication/routes'
import { findAddresses } from './addresses.ts'
import { callerCheck, requestBudget } from './caller-check.ts'
import { type Authority, issueCertificate, joinCertificate, makeAuthority } from './certificate.ts'
import { serveChecks } from './check-socket.ts'
import { configuration } from './configuration.ts'
import { Env } from './env.ts'
import { type Nginx, startNginx } from './nginx.ts'
import { routes } from './routes.ts'
import { limits, type Settings, socketsIn } from './settings.ts'

/** Below the time that `start` gives to all of a shutdown. */
const GRACE = 6_500

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

/** How often the names of services are looked up, and how long that may take, ms. */
const LOOK_UP = 1_000

type Upstream = (typeof publicServices)[number] & { readonly origin: string }

/** The services behind the gateway with their origins. Throws when one is not to be spoken to by http. */
const readUpstreams = (urls: Readonly<Record<string, unknown>>): readonly Upstream[] =>
  publicServices.map((one) => {
    const { protocol, origin } = new URL(String(urls[urlKey(one.service)]))
    if (protocol !== 'http:') throw new Error(`${urlKey(one.service)}: the gateway speaks http to services`)
    return { ...one, origin }
  })

/** The same services with their addresses of this moment. */
const locate = (upstreams: readonly Upstream[], before: Settings['upstreams'] = []): Promise<Settings['upstreams']> =>
  Promise.all(
    upstreams.map(async ({ origin, ...one }, at) => ({
      ...one,
      addresses: await findAddresses(origin, before[at]?.addresses ?? [], (host) =>
        addressesOf(host, { timeoutMs: LOOK_UP }),
      ),
    })),
  )

const hostNames = ({ GATEWAY_HOSTS }: Static<typeof Env>): readonly string[] =>
  GATEWAY_HOSTS.split(',').filter((name) => name !== '')

const readSettings = (env: Static<typeof Env>, folder: string): Omit<Settings, 'upstreams' | 'pem'> => ({
  host: env.HOST,
  port: env.PORT === 0 ? freePort(env.HOST) : env.PORT,
  onionPort: env.ONION_PORT === 0 ? freePort(env.HOST) : env.ONION_PORT,
  tlsPort: env.TLS_PORT === 0 ? freePort(env.HOST) : env.TLS_PORT,
  onionFrom: env.ONION_NETWORKS.split(','),
  folder,
  hostNames: hostNames(env),
  timeoutMs: env.UPSTREAM_TIMEOUT_MS,
  ...(process.getuid?.() === 0 && { user: 'root' }),
})

/** A certificate that is made here is made again after that long, ms: long before it ends. */
const RENEW = 30 * 86_400_000

type Pem = { readonly text: string; readonly madeAt?: number }

/**
 * The certificate of this moment: the one that is given, as it is now, or one of ours, which is new each month. Throws
 * when what is given is not a certificate and its key.
 */
const readCertificate = async (env: Static<typeof Env>, authority: Authority, before?: Pem): Promise<Pem> => {
  const { TLS_CERT, TLS_KEY } = readEnv(Type.Pick(Env, ['TLS_CERT', 'TLS_KEY']), Bun.env, (path) =>
    readFileSync(path, 'utf8'),
  )
  if (TLS_CERT !== undefined || TLS_KEY !== undefined) return { text: joinCertificate(TLS_CERT, TLS_KEY?.reveal()) }
  const madeAt = Date.now()
  if (before?.madeAt !== undefined && Math.abs(madeAt - before.madeAt) < RENEW) return before
  const names = ['localhost', '127.0.0.1', '::1', 'api-gateway', ...hostNames(env)]
  return { text: await issueCertificate(authority, { names, now: madeAt }), madeAt }
}

/** Keeps what `read` answers; while that fails, what it answered before, and says so once. */
const followCertificate = async (read: (before?: Pem) => Promise<Pem>, folder: string, log: Log) => {
  let pem = await read()
  let said: string | undefined
  return {
    isOurs: () => pem.madeAt !== undefined,
    /** In a file of its own, so that an NGINX that refuses a new one still has the old. */
    write: (): string => {
      const path = join(folder, `tls-${Bun.hash(pem.text).toString(16)}.pem`)
      writeFileSync(path, pem.text, { mode: 0o600 })
      return path
    },
    /** Reads it again; true when it is another. */
    refresh: async (): Promise<boolean> => {
      const before = pem
      try {
        pem = await read(before)
        said = undefined
      } catch (error) {
        const fault = String(error)
        if (fault !== said) log.error('bad-certificate', errorFields(error))
        said = fault
      }
      return pem.text !== before.text
    },
  }
}

/** Has NGINX reload, by what is now where. What goes wrong is logged, and leaves it as it is. */
const reload = (nginx: Nginx, log: Log): Promise<void> =>
  nginx.reload().then(
    () => log.info('reloaded'),
    (error) => log.error('cannot-reload', errorFields(error)),
  )

/** Has the keys and revocations of people's tokens read once a second; while authentication is away the last are good. */
const followSignIns = ({ refresh }: SignIns) =>
  poller({
    step: async () => {
      await refresh()
      return LOOK_UP
    },
    onError: () => LOOK_UP,
  }).stop

/** Whether a request may go on to a service, by who calls it. */
const countCallers = (guards: ReadonlyMap<string, Guard>) => {
  const now = () => performance.now()
  const check = callerCheck({
    invalid: requestBudget(limits.anonymous, now),
    authenticated: requestBudget(limits.authenticated, now),
    admin: requestBudget(limits.admin, now),
  })
  return (service: string, client: string, request: Request) => {
    const guard = guards.get(service)
    if (guard === undefined) throw new Error(`${service} is not behind this gateway`)
    return check(client, () => guard(request))
  }
}

const figures = [
  ['nginx_connections', 'Open connections', 'connections'],
  ['nginx_accepted_connections', 'Connections since NGINX was started', 'accepted'],
  ['nginx_requests', 'Requests since NGINX was started', 'requests'],
] as const

await start('api-gateway', Env, async ({ env, log, parts, sign, reach, guardOf, behind, onStop }) => {
  const program = findProgram('nginx', Bun.env['PATH'])
  if (program === undefined) throw new Error('nginx is not on this machine: apt-get install nginx')
  const run = await openRunFolder('api-gateway', env.LUCID_DATA)
  onStop(run.remove)
  const settings = readSettings(env, run.path)
  const upstreams = readUpstreams(env)
  const authority = await makeAuthority(fromHex(env.TLS_CA_KEY.reveal(), 32))
  let located = await locate(upstreams)
  const { folder, port } = settings
  const certificate = await followCertificate((before) => readCertificate(env, authority, before), folder, log)
  const people = signIns({
    fetchState: async () =>
      ok(client<Authentication>(env.AUTHENTICATION_URL, { callee: 'authentication', sign }).auth.state.get()),
    clocks: machineClocks,
  })
  onStop(followSignIns(people))
  const mayGoOn = countCallers(
    new Map(upstreams.map(({ service }) => [service, peopleGuard(guardOf(service), people)])),
  )
  const checks = serveChecks(socketsIn(folder).checks, mayGoOn, (error) =>
    log.error('check-failed', errorFields(error)),
  )
  onStop(() => checks.stop(true))
  const nginx = await startNginx({
    program,
    folder,
    render: () => configuration({ ...settings, upstreams: located, pem: certificate.write() }),
    log,
    onHopeless: (why) => {
      log.error('nginx-hopeless', { why })
      process.exit(1) // whoever runs this service starts it again, later each time
    },
  })
  onStop(() => nginx.stop(GRACE))
  process.on('SIGHUP', () => void reload(nginx, log))
  const lookUp = poller({
    step: async () => {
      const before = located
      located = await locate(upstreams, before)
      const isOther = await certificate.refresh()
      if (isOther || !Bun.deepEquals(located, before)) await reload(nginx, log)
      return LOOK_UP
    },
    onError: () => LOOK_UP,
  })
  onStop(lookUp.stop)
  for (const [name, help, key] of figures) addGauge(parts.metrics, name, help, async () => (await nginx.counts())[key])

  const leadsTo = upstreams.map(({ service, public: { prefix } }) => ({
    service,
    prefix,
    answers: answers(reach(service, 1_000)),
  }))
  behind({ unix: socketsIn(folder).own, port })
  return routes({
    behind: leadsTo,
    authority: () => (certificate.isOurs() ? authority.certificate.toString('pem') : undefined),
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
