import type { Line } from './conf-text.ts'
import { buildLocations, type Location } from './location.ts'
import { type ProblemPage, problemBody, problemPages } from './problem-page.ts'
import type { Settings } from './settings.ts'

export const securityHeaders: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  // Empty but over TLS; then NGINX leaves it out.
  'Strict-Transport-Security': '$hsts',
}

/** Headers of everything that NGINX answers by itself. */
export const headerLines = (headers: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(headers).map(([name, value]) => `add_header ${name} "${value}" always`)

const placePage = (status: string, { early }: ProblemPage): string =>
  early ? `/.problem/${status}` : `@problem_${status}`

const problemLines = ([status, page]: readonly [string, ProblemPage]): readonly Line[] => [
  `location ${page.early ? '= ' : ''}${placePage(status, page)}`,
  [
    ...(page.early ? ['internal'] : []),
    'default_type application/problem+json',
    ...headerLines({ ...securityHeaders, 'X-Request-Id': '$id', 'Cache-Control': 'no-store', ...page.headers }),
    `return ${status} '${problemBody(Number(status), page)}'`,
  ],
]

const problems = Object.entries(problemPages)

/** Which page stands for which status. */
export const errorPageLines: readonly Line[] = problems.flatMap(([status, page]) =>
  (page.raised ?? [Number(status)]).map(
    (raised) => `error_page ${raised === Number(status) ? status : `${raised} =${status}`} ${placePage(status, page)}`,
  ),
)

/**
 * Longest silence, where a body is a stream and where events may be rare: a quiet desktop sends nothing. Dead connections
 * are found by the keep-alive of TCP.
 */
const STREAM_TIMEOUT = '24h'
const EVENTS_TIMEOUT = '600s'

/** What the body of a route needs beside the rest. */
const bodyLines: Readonly<Record<Location['kind'], readonly string[]>> = {
  open: [],
  guarded: [],
  stream: [
    'client_max_body_size 0',
    'proxy_buffering off',
    ...['client_body_timeout', 'proxy_read_timeout', 'proxy_send_timeout'].map((key) => `${key} ${STREAM_TIMEOUT}`),
  ],
  events: ['proxy_buffering off', `proxy_read_timeout ${EVENTS_TIMEOUT}`, 'proxy_socket_keepalive on'],
}

const locationLines = ({ service, match, target, methods, kind }: Location): readonly Line[] => [
  `location ${match}`,
  [
    `set $allow "${methods.join(', ')}"`,
    `set $kind ${kind === 'open' ? 'open' : 'guarded'}`,
    // Not `return 405`: that comes before anything is counted.
    `if ($request_method !~ "^(${methods.join('|')})\\z")`,
    ['set $kind open', `rewrite ^ ${OTHER_METHOD} last`],
    ...(kind === 'open' ? [] : [`auth_request ${checkPath(service)}`]),
    ...bodyLines[kind],
    `rewrite ^ ${target} break`,
    `proxy_pass http://${service}`,
  ],
]

/** Where a request goes whose route has another method. */
const OTHER_METHOD = '/.other-method'

/** A status from the phase of content, so that limits are over before it; `return` would come before they begin. */
const answerCounted = (status: number): readonly Line[] => [`try_files /nothing =${status}`]

const checkPath = (service: string) => `/.caller/${service}`

/**
 * Asks the gateway's own part, before the body is read, whether this client asked too often: then it answers 403, which
 * becomes 429 here. The token itself is judged by the service.
 */
const callerCheckLines = (service: string): readonly Line[] => [
  `location = ${checkPath(service)}`,
  [
    'internal',
    // The check reads no body; how long it may be is for the route.
    'client_max_body_size 0',
    'proxy_pass_request_body off',
    'proxy_set_header Content-Length ""',
    'proxy_set_header Authorization $http_authorization',
    'proxy_set_header Host $proxy_host',
    'proxy_set_header X-Request-Id $id',
    'proxy_set_header X-Client $remote_addr',
    'proxy_set_header Connection ""',
    `rewrite ^ /${service} break`,
    'proxy_pass http://checks',
  ],
]

/** A route of the service itself. */
export const ownLines = (path: string, kind: 'own' | 'open'): readonly Line[] => [
  `location = ${path}`,
  [`set $kind ${kind}`, `rewrite ^ ${path} break`, 'proxy_pass http://gateway'],
]

const hasGuarded = ({ public: { guarded, streams, events = [] } }: Settings['upstreams'][number]): boolean =>
  guarded.length + streams.length + events.length > 0

/** A server that leads to the services. */
export const serverLines = (
  { upstreams }: Pick<Settings, 'upstreams'>,
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
    ...own,
    ...upstreams.flatMap((one) => buildLocations(one.service, one.public).flatMap(locationLines)),
    ...upstreams.filter(hasGuarded).flatMap(({ service }) => callerCheckLines(service)),
    `location = ${OTHER_METHOD}`,
    ['internal', ...answerCounted(405)],
    'location /',
    answerCounted(404),
    ...problems.flatMap(problemLines),
  ],
]

/** Answers to host names that are not ours, so that no page of another name reads what is here (DNS rebinding). */
export const strangerLines = (
  listen: string,
  speaks: '' | 'ssl' | 'proxy_protocol',
  more: readonly Line[] = [],
): readonly Line[] => [
  'server',
  [
    `listen ${listen} ${speaks === '' ? '' : `${speaks} `}default_server so_keepalive=60s:15s:4`,
    'server_name _',
    ...more,
    'set $kind open',
    'set $allow ""',
    'location /',
    answerCounted(421),
    ...problems.flatMap(problemLines),
  ],
]
