import type { Entry } from '#catalog'
import { type Location, locationsOf } from './location.ts'
import { type ProblemPage, problemBody, problemPages } from './problem-page.ts'

/** All that the configuration follows from. */
export type Settings = {
  readonly host: string
  readonly port: number
  /** Where tor-proxy hands over what came through the onion, with the PROXY protocol before it. */
  readonly onionPort: number
  /** For sockets, the pid file and the empty files that NGINX wants. */
  readonly folder: string
  /** Who the workers are; only where the master is root. */
  readonly user?: string
  /** Nameservers, when a service is known by name. */
  readonly resolvers: readonly string[]
  /** Services with their origins, as `http://blockchain-api:8084`. */
  readonly upstreams: readonly {
    readonly service: string
    readonly origin: string
    readonly public: NonNullable<Entry['public']>
  }[]
  /** Host names beside the usual ones. */
  readonly hostNames: readonly string[]
  readonly timeoutMs: number
}

/** Requests a minute (SPEC section 7). A bucket of that size, which refills at that rate. */
export const limits = { anonymous: 100, authenticated: 1_000 } as const

/** Largest body but for streams, MiB. */
export const MAX_BODY_MIB = 16

/** The sockets below `folder`: that of the service itself, and that on which NGINX tells how it is. */
export const socketsIn = (folder: string) => ({ own: `${folder}/own.sock`, nginx: `${folder}/nginx.sock` })

type Line = string | readonly Line[]

/** Nested lists as indented text: a list after a line is its block. */
const text = (lines: readonly Line[], depth = 0): string =>
  lines
    .map((line, at) => {
      const indent = '  '.repeat(depth)
      if (typeof line !== 'string') return `${text(line, depth + 1)}${indent}}\n`
      return `${indent}${line}${Array.isArray(lines[at + 1]) ? ' {' : ';'}\n`
    })
    .join('')

const securityHeaders: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
}

const headerLines = (headers: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(headers).map(([name, value]) => `add_header ${name} "${value}" always`)

/** Said by a client about itself or its way here; none of it reaches a service. */
const notPassedOn = [
  'X-Forwarded-For',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'X-Real-IP',
  'Forwarded',
  'Proxy',
]

const variableOf = (service: string) => `$to_${service.replaceAll('-', '_')}`

/** The usual names of this gateway: addresses cannot be rebound to, so all of them are good. */
const usualNames = ['localhost', 'api-gateway', '"~^[0-9.]+\\z"', '"~^\\[[0-9a-f:.]+\\]\\z"']
const ONION = '"~^([a-z0-9-]+\\.)*[a-z2-7]{56}\\.onion\\z"'

const placeOf = (status: string, { early }: ProblemPage): string =>
  early ? `/.problem/${status}` : `@problem_${status}`

const problemLines = ([status, page]: readonly [string, ProblemPage]): readonly Line[] => [
  `location ${page.early ? '= ' : ''}${placeOf(status, page)}`,
  [
    ...(page.early ? ['internal'] : []),
    'default_type application/problem+json',
    ...headerLines({
      ...securityHeaders,
      'X-Request-Id': '$id',
      'Cache-Control': 'no-store',
      ...page.headers,
    }),
    `return ${status} '${problemBody(Number(status), page)}'`,
  ],
]

const problems = Object.entries(problemPages)

const STREAM_TIMEOUT = '120s'

const locationLines = ({ service, match, target, methods, kind }: Location): readonly Line[] => [
  `location ${match}`,
  [
    `set $allow "${methods.join(', ')}"`,
    `set $kind ${kind === 'open' ? 'open' : 'guarded'}`,
    `if ($request_method !~ "^(${methods.join('|')})\\z")`,
    ['return 405'],
    ...(kind === 'stream'
      ? [
          'client_max_body_size 0',
          'proxy_buffering off',
          ...['client_body_timeout', 'proxy_read_timeout', 'proxy_send_timeout'].map(
            (key) => `${key} ${STREAM_TIMEOUT}`,
          ),
        ]
      : []),
    `rewrite ^ ${target} break`,
    `proxy_pass ${variableOf(service)}`,
  ],
]

const ownLines = (path: string, kind: 'own' | 'open'): readonly Line[] => [
  `location = ${path}`,
  [`set $kind ${kind}`, `rewrite ^ ${path} break`, 'proxy_pass http://gateway'],
]

const serverLines = (
  { upstreams }: Settings,
  {
    listen,
    names,
    own,
    more = [],
  }: {
    readonly listen: string
    readonly names: readonly string[]
    readonly own: readonly Line[]
    readonly more?: readonly Line[]
  },
): readonly Line[] => [
  'server',
  [
    `listen ${listen}`,
    `server_name ${names.join(' ')}`,
    ...more,
    'set $kind open',
    'set $allow ""',
    ...upstreams.map(({ service, origin }) => `set ${variableOf(service)} ${origin}`),
    ...own,
    ...upstreams.flatMap((one) => locationsOf(one.service, one.public).flatMap(locationLines)),
    'location /',
    ['return 404'],
    ...problems.flatMap(problemLines),
  ],
]

/** Answers to host names that are not ours, so that no page of another name reads what is here (DNS rebinding). */
const strangerLines = (listen: string): readonly Line[] => [
  'server',
  [
    `listen ${listen} default_server`,
    'server_name _',
    'set $kind own',
    'set $allow ""',
    'location /',
    ['return 421'],
    ...problems.flatMap(problemLines),
  ],
]

const httpLines = (settings: Settings): readonly Line[] => {
  const { host, port, onionPort, folder, resolvers, hostNames, timeoutMs } = settings
  const address = host.includes(':') ? `[${host}]` : host
  const sockets = socketsIn(folder)
  const onion = `${address}:${onionPort} proxy_protocol`
  const realIp = ['set_real_ip_from 0.0.0.0/0', 'set_real_ip_from ::/0', 'real_ip_header proxy_protocol']
  return [
    'access_log off',
    'server_tokens off',
    'default_type application/octet-stream',
    ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (kind) => `${kind}_temp_path ${folder}/${kind}`,
    ),
    '',
    'client_header_timeout 10s',
    'client_body_timeout 30s',
    'send_timeout 30s',
    'keepalive_timeout 30s',
    'lingering_timeout 2s',
    'reset_timedout_connection on',
    `client_max_body_size ${MAX_BODY_MIB}m`,
    '',
    ...(resolvers.length > 0
      ? [`resolver ${resolvers.join(' ')} valid=5s ipv6=off`, 'resolver_timeout 2s']
      : []),
    'proxy_http_version 1.1',
    'proxy_request_buffering off',
    'proxy_max_temp_file_size 0',
    'proxy_next_upstream off',
    'proxy_connect_timeout 2s',
    `proxy_read_timeout ${timeoutMs}ms`,
    `proxy_send_timeout ${timeoutMs}ms`,
    'proxy_set_header Host $proxy_host',
    'proxy_set_header X-Request-Id $id',
    ...notPassedOn.map((name) => `proxy_set_header ${name} ""`),
    ...headerLines(securityHeaders),
    '',
    'map $http_x_request_id $id',
    ['default $request_id', '"~^[A-Za-z0-9._-]{8,64}\\z" $http_x_request_id'],
    'map $http_authorization $bearer',
    ['default ""', '"~^Bearer ." token'],
    'map "$kind:$bearer" $anonymous',
    ['default ""', '"~^open:" $binary_remote_addr', '"guarded:" $binary_remote_addr'],
    'map "$kind:$bearer" $authenticated',
    ['default ""', '"guarded:token" $binary_remote_addr'],
    ...Object.entries(limits).map(([who, rate]) => `limit_req_zone $${who} zone=${who}:2m rate=${rate}r/m`),
    ...Object.entries(limits).map(([who, rate]) => `limit_req zone=${who} burst=${rate - 1} nodelay`),
    'limit_req_status 429',
    'limit_req_log_level info',
    '',
    ...problems.map(
      ([status, page]) =>
        `error_page ${page.raised === undefined ? status : `${page.raised} =${status}`} ${placeOf(status, page)}`,
    ),
    '',
    'upstream gateway',
    [`server unix:${sockets.own}`],
    'server',
    [`listen unix:${sockets.nginx}`, 'set $kind own', 'location = /nginx', ['stub_status']],
    ...strangerLines(`${address}:${port}`),
    ...serverLines(settings, {
      listen: `${address}:${port}`,
      names: [...usualNames, ...hostNames],
      own: [
        ...['/health', '/status', '/metrics', '/openapi.json'].flatMap((path) => ownLines(path, 'own')),
        ...ownLines('/gateway/status', 'open'),
      ],
    }),
    ...strangerLines(onion),
    ...serverLines(settings, {
      listen: onion,
      names: [ONION],
      more: realIp,
      own: ['/health', '/openapi.json', '/gateway/status'].flatMap((path) => ownLines(path, 'open')),
    }),
  ]
}

/** The whole nginx.conf. The same settings give the same text. */
export const configuration = (settings: Settings): string =>
  [
    '# Written by api-gateway at each start and SIGHUP.\n',
    text([
      'daemon off',
      ...(settings.user === undefined ? [] : [`user ${settings.user}`]),
      'worker_processes 2',
      'worker_shutdown_timeout 6s',
      `pid ${settings.folder}/nginx.pid`,
      'error_log stderr warn',
      'events',
      ['worker_connections 1024'],
      'http',
      httpLines(settings),
    ]).replaceAll(/^ *;\n/gm, '\n'),
  ].join('')
