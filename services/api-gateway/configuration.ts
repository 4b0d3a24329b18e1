import { type Line, renderLines } from './conf-text.ts'
import { errorPageLines, headerLines, ownLines, securityHeaders, serverLines, strangerLines } from './server-lines.ts'
import {
  connections,
  HEADER_SECONDS,
  limits,
  MAX_BODY_MIB,
  OWN_ROUTES_LIMIT,
  type Settings,
  socketsIn,
  WORKERS,
} from './settings.ts'

/** The headers of a client that a service reads; a length and chunks are NGINX's own. */
const passedOn = [
  ...['Authorization', 'Content-Type', 'Origin', 'Accept', 'Prefer', 'Range', 'If-Range'],
  ...['If-Match', 'If-None-Match', 'Idempotency-Key', 'Last-Event-ID'],
  ...['X-Reason', 'X-Hardware-Key-Signature'],
]

/** The usual names of this gateway: addresses cannot be rebound to, so all of them are good. */
const usualNames = ['localhost', 'api-gateway', '"~^[0-9.]+\\z"', '"~^\\[[0-9a-f:.]+\\]\\z"']
const ONION = '"~^([a-z0-9-]+\\.)*[a-z2-7]{56}\\.onion\\z"'

const clientLines = (folder: string): readonly Line[] => [
  'access_log off',
  'server_tokens off',
  // NGINX refuses TRACE before anything is set: a line of the log for each, from whoever likes.
  'uninitialized_variable_warn off',
  'default_type application/octet-stream',
  ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind}`),
  '',
  // While it answers a refusal NGINX reads the body away; chunks that are none are a second one, else in HTML.
  'recursive_error_pages on',
  `client_header_timeout ${HEADER_SECONDS}s`,
  'client_body_timeout 30s',
  'send_timeout 30s',
  'keepalive_timeout 30s',
  'lingering_timeout 2s',
  'reset_timedout_connection on',
  // Small, so that thousands of connections that only wait fit into the memory of the container.
  'request_pool_size 1k',
  // All of it together is less than the 16 KiB that Bun takes, so that it is refused here, with a problem document.
  'large_client_header_buffers 2 7k',
  `client_max_body_size ${MAX_BODY_MIB}m`,
  // There is nothing in it: what no location takes is looked for here, and is not there.
  `root ${folder}/nothing`,
]

/** Connections that stay open to each service, as many as one address may have, and for less time than it keeps them. */
const IDLE = [`keepalive ${connections.eachAddress}`, 'keepalive_timeout 60s']

/** A service by its addresses of this moment. One that nobody knows yet is a 503. */
const upstreamLines = ({ upstreams }: Settings): readonly Line[] =>
  upstreams.flatMap(({ service, addresses }) => [
    `upstream ${service}`,
    [
      ...(addresses.length === 0
        ? ['server 0.0.0.1:1 down']
        : addresses.map((address) => `server ${address} max_fails=0`)),
      ...IDLE,
    ],
  ])

const proxyLines = ({ timeoutMs }: Settings): readonly Line[] => [
  'proxy_http_version 1.1',
  'proxy_set_header Connection ""',
  'proxy_request_buffering off',
  'proxy_max_temp_file_size 0',
  // Once more where the service ended an open connection just then, and only what is safe to ask twice.
  'proxy_next_upstream error',
  'proxy_connect_timeout 2s',
  `proxy_read_timeout ${timeoutMs}ms`,
  `proxy_send_timeout ${timeoutMs}ms`,
  // What a client says about itself or its way here reaches no service, nor more fields than Bun takes.
  'proxy_pass_request_headers off',
  ...passedOn.map((name) => `proxy_set_header ${name} $http_${name.toLowerCase().replaceAll('-', '_')}`),
  'proxy_set_header Host $proxy_host',
  'proxy_set_header X-Request-Id $id',
  // For blockchain-api, which counts the calls in a batch; it is written nowhere.
  'proxy_set_header X-Client $remote_addr',
  ...headerLines(securityHeaders),
]

/** For all that listens with TLS; what listens without it is not concerned. */
const tlsLines = ({ pem }: Settings): readonly Line[] => [
  `ssl_certificate ${pem}`,
  `ssl_certificate_key ${pem}`,
  'ssl_protocols TLSv1.2 TLSv1.3',
  'ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20',
  'ssl_session_cache shared:tls:1m',
  'ssl_session_tickets off',
  'ssl_buffer_size 4k',
  // A browser keeps it for all ports of a name, so that http://localhost:8080 would be gone.
  'map $https:$host $hsts',
  ['default ""', '"~^on:(?!localhost\\z)" "max-age=31536000"'],
]

const zones = { anonymous: limits.anonymous, own: OWN_ROUTES_LIMIT } as const

/** Who is counted by NGINX, by address, and how fast each may be. Callers with a token are counted by caller-check.ts. */
const limitLines: readonly Line[] = [
  'map $http_x_request_id $id',
  ['default $request_id', '"~^[A-Za-z0-9._-]{8,64}\\z" $http_x_request_id'],
  'map $kind $anonymous',
  ['default ""', 'open $binary_remote_addr'],
  'map $kind $own',
  ['default ""', 'own $binary_remote_addr'],
  ...Object.entries(zones).map(([who, rate]) => `limit_req_zone $${who} zone=${who}:2m rate=${rate}r/m`),
  ...Object.entries(zones).map(([who, rate]) => `limit_req zone=${who} burst=${rate - 1} nodelay`),
  'limit_req_status 429',
  'limit_req_log_level info',
  'limit_conn_zone $binary_remote_addr zone=connections:2m',
  `limit_conn connections ${connections.eachAddress}`,
  'limit_conn_status 429',
  'limit_conn_log_level info',
]

/** The first host of a network, which in one of Docker's is the machine outside; a single address has none. */
const firstHost = (network: string): string | undefined => {
  const [address = '', bits = '32'] = network.split('/')
  const numbers = address.split('.').map(Number)
  return Number(bits) > 30 || numbers[0] === 127 ? undefined : [...numbers.slice(0, 3), (numbers[3] ?? 0) + 1].join('.')
}

/** Whether who calls the onion's port is tor-proxy: in its network, and not the machine outside. */
const onionCallerLines = ({ onionFrom }: Pick<Settings, 'onionFrom'>): readonly Line[] => [
  'geo $realip_remote_addr $from_tor',
  [
    'default 0',
    ...onionFrom.map((network) => `${network} 1`),
    ...onionFrom.flatMap((network) => firstHost(network) ?? []).map((host) => `${host} 0`),
  ],
]

/** The routes of our own that everybody outside may ask. */
const ownOutside = ['/health', '/openapi.json', '/gateway/status', '/gateway/authority.pem'].flatMap((path) =>
  ownLines(path, 'open'),
)

/** The service itself, NGINX's own figures, and a server for each of the three ports. */
const serversLines = (settings: Settings): readonly Line[] => {
  const { host, port, onionPort, tlsPort, onionFrom, folder, hostNames } = settings
  const address = host.includes(':') ? `[${host}]` : host
  const sockets = socketsIn(folder)
  return [
    'upstream gateway',
    [`server unix:${sockets.own}`, ...IDLE],
    'upstream checks',
    [`server unix:${sockets.checks}`, ...IDLE],
    ...upstreamLines(settings),
    'server',
    [`listen unix:${sockets.nginx}`, 'set $kind own', 'location = /nginx', ['stub_status']],
    ...strangerLines(`${address}:${port}`, ''),
    ...serverLines(settings, {
      listen: `${address}:${port}`,
      names: [...usualNames, ...hostNames],
      own: [
        ...['/health', '/status', '/metrics', '/openapi.json'].flatMap((path) => ownLines(path, 'own')),
        ...['/gateway/status', '/gateway/authority.pem'].flatMap((path) => ownLines(path, 'open')),
      ],
    }),
    ...strangerLines(`${address}:${tlsPort}`, 'ssl'),
    ...serverLines(settings, {
      listen: `${address}:${tlsPort} ssl`,
      names: [...usualNames, ...hostNames],
      own: ownOutside,
    }),
    // A PROXY line that cannot be read is logged with the bytes that follow it: a token, or lines that look like ours.
    ...strangerLines(`${address}:${onionPort}`, 'proxy_protocol', ['error_log stderr crit']),
    ...serverLines(settings, {
      listen: `${address}:${onionPort} proxy_protocol`,
      names: [ONION],
      more: [
        ...onionFrom.map((network) => `set_real_ip_from ${network}`),
        'real_ip_header proxy_protocol',
        'if ($from_tor = 0)',
        ['return 444'],
      ],
      own: ownOutside,
    }),
  ]
}

/** The whole nginx.conf. The same settings give the same text. */
export const configuration = (settings: Settings): string => {
  const parts = [
    clientLines(settings.folder),
    proxyLines(settings),
    tlsLines(settings),
    limitLines,
    onionCallerLines(settings),
    errorPageLines,
    serversLines(settings),
  ]
  return [
    '# Written by api-gateway at each start and SIGHUP.\n',
    renderLines([
      'daemon off',
      ...(settings.user === undefined ? [] : [`user ${settings.user}`]),
      `worker_processes ${WORKERS}`,
      // One to the client and one to the service.
      `worker_rlimit_nofile ${(2 * connections.all) / WORKERS + 1024}`,
      // What an older configuration began may take that long to end: a stream, a download, somebody who waits for events.
      'worker_shutdown_timeout 1h',
      `pid ${settings.folder}/nginx.pid`,
      'error_log stderr warn',
      'events',
      [`worker_connections ${connections.all / WORKERS}`],
      'http',
      parts.flatMap((lines, at) => (at === 0 ? lines : ['', ...lines])),
    ]),
  ].join('')
}
