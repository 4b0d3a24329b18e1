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
}

/** Headers of everything that NGINX answers by itself. */
export const headerLines = (headers: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(headers).map(([name, value]) => `add_header ${name} "${value}" always`)

const nameVariable = (service: string) => `$to_${service.replaceAll('-', '_')}`

const placePage = (status: string, { early }: ProblemPage): string =>
  early ? `/.problem/${status}` : `@problem_${status}`

const problemLines = ([status, page]: readonly [string, ProblemPage]): readonly Line[] => [
  `location ${page.early ? '= ' : ''}${placePage(status, page)}`,
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

/** Which page stands for which status. */
export const errorPageLines: readonly Line[] = problems.map(
  ([status, page]) =>
    `error_page ${page.raised === undefined ? status : `${page.raised} =${status}`} ${placePage(status, page)}`,
)

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
    `proxy_pass ${nameVariable(service)}`,
  ],
]

/** A route of the service itself. */
export const ownLines = (path: string, kind: 'own' | 'open'): readonly Line[] => [
  `location = ${path}`,
  [`set $kind ${kind}`, `rewrite ^ ${path} break`, 'proxy_pass http://gateway'],
]

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
    ...upstreams.map(({ service, origin }) => `set ${nameVariable(service)} ${origin}`),
    ...own,
    ...upstreams.flatMap((one) => buildLocations(one.service, one.public).flatMap(locationLines)),
    'location /',
    ['return 404'],
    ...problems.flatMap(problemLines),
  ],
]

/** Answers to host names that are not ours, so that no page of another name reads what is here (DNS rebinding). */
export const strangerLines = (listen: string): readonly Line[] => [
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
