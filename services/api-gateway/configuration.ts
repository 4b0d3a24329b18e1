import { type Line, renderLines } from './conf-text.ts'
import {
  errorPageLines,
  headerLines,
  ownLines,
  securityHeaders,
  serverLines,
  strangerLines,
} from './server-lines.ts'
import { limits, MAX_BODY_MIB, type Settings, socketsIn } from './settings.ts'

/** Said by a client about itself or its way here; none of it reaches a service. */
const notPassedOn = [
  'X-Forwarded-For',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'X-Real-IP',
  'Forwarded',
  'Proxy',
]

/** The usual names of this gateway: addresses cannot be rebound to, so all of them are good. */
const usualNames = ['localhost', 'api-gateway', '"~^[0-9.]+\\z"', '"~^\\[[0-9a-f:.]+\\]\\z"']
const ONION = '"~^([a-z0-9-]+\\.)*[a-z2-7]{56}\\.onion\\z"'

const clientLines = (folder: string): readonly Line[] => [
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
]

const proxyLines = ({ resolvers, timeoutMs }: Settings): readonly Line[] => [
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
]

/** Who is counted, by address, and how fast each may be. */
const limitLines: readonly Line[] = [
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
]

/** The service itself, NGINX's own figures, and a server for each of the two ports. */
const serversLines = (settings: Settings): readonly Line[] => {
  const { host, port, onionPort, folder, hostNames } = settings
  const address = host.includes(':') ? `[${host}]` : host
  const sockets = socketsIn(folder)
  const onion = `${address}:${onionPort} proxy_protocol`
  return [
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
      more: ['set_real_ip_from 0.0.0.0/0', 'set_real_ip_from ::/0', 'real_ip_header proxy_protocol'],
      own: ['/health', '/openapi.json', '/gateway/status'].flatMap((path) => ownLines(path, 'open')),
    }),
  ]
}

/** The whole nginx.conf. The same settings give the same text. */
export const configuration = (settings: Settings): string => {
  const parts = [
    clientLines(settings.folder),
    proxyLines(settings),
    limitLines,
    errorPageLines,
    serversLines(settings),
  ]
  return [
    '# Written by api-gateway at each start and SIGHUP.\n',
    renderLines([
      'daemon off',
      ...(settings.user === undefined ? [] : [`user ${settings.user}`]),
      'worker_processes 2',
      'worker_shutdown_timeout 6s',
      `pid ${settings.folder}/nginx.pid`,
      'error_log stderr warn',
      'events',
      ['worker_connections 1024'],
      'http',
      parts.flatMap((lines, at) => (at === 0 ? lines : ['', ...lines])),
    ]),
  ].join('')
}
