import { type ProbeClient, requireObject, requireServices, requireThat } from './probe-client.ts'

/** A request that must be refused. */
export type Refusal = {
  readonly check: string
  readonly service: string
  readonly status: number
  readonly code: RegExp
  readonly token: 'none' | 'operator'
  readonly request: (client: ProbeClient) => readonly [path: string, init?: BunFetchRequestInit]
}

const json = (value: unknown): BunFetchRequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})

/** Above what the recorder takes that is no stream (1 MiB), and what the gateway passes on (16 MB). */
const TOO_LARGE = 17_000_000

/** What must not pass, a row each. */
export const refusals: readonly Refusal[] = [
  {
    check: 'unknown session: 404',
    service: 'session-orchestrator',
    status: 404,
    code: /./,
    token: 'operator',
    request: (client) => [`/sessions/${client.uuid()}`],
  },
  {
    check: 'unknown anchor: 404',
    service: 'blockchain-api',
    status: 404,
    code: /./,
    token: 'none',
    request: (client) => [`/anchors/${client.uuid()}`],
  },
  {
    check: 'no such route: 404',
    service: 'api-gateway',
    status: 404,
    code: /no-such-route/,
    token: 'none',
    request: () => ['/no/such/route'],
  },
  {
    check: 'body too large: 413',
    service: 'session-recorder',
    status: 413,
    code: /body-too-large/,
    token: 'operator',
    request: () => ['/recordings/start', { ...json(''), body: new Uint8Array(TOO_LARGE) }],
  },
  {
    check: 'body too large at the gateway: 413',
    service: 'api-gateway',
    status: 413,
    code: /too-large/,
    token: 'none',
    request: () => ['/blockchain/rpc', { ...json(''), body: new Uint8Array(TOO_LARGE) }],
  },
  {
    check: 'no token: 401',
    service: 'session-recorder',
    status: 401,
    code: /bad-service-token/,
    token: 'none',
    request: () => ['/recordings'],
  },
  {
    check: 'a token of nobody: 401',
    service: 'session-encryptor',
    status: 401,
    code: /bad-service-token/,
    token: 'none',
    request: (client) => [`/sessions/${client.uuid()}`, { headers: { authorization: 'Bearer e30.e30.e30' } }],
  },
  {
    check: 'unknown field: 400',
    service: 'session-recorder',
    status: 400,
    code: /bad-request/,
    token: 'operator',
    request: () => ['/recordings/start', json({ owner: 'TJRabPrwbZy45sbavfcjinPJC18kjpRTv8', hurry: true })],
  },
  {
    check: 'a body that is no JSON: 400',
    service: 'merkle-builder',
    status: 400,
    code: /unreadable-body|bad-request/,
    token: 'operator',
    request: () => ['/verify', { ...json(''), body: '{' }],
  },
]

/** Makes the request; answers what came. Throws when it was let in, or refused without a problem document (RFC 9457). */
export const refused = async (
  client: ProbeClient,
  { service, status, code, token, request }: Refusal,
  tokenFor: (service: string) => Promise<string>,
): Promise<string> => {
  requireServices(client, service)
  const [path, init = {}] = request(client)
  const headers = new Headers(init.headers)
  if (token === 'operator') headers.set('authorization', `Bearer ${await tokenFor(service)}`)
  const reply = await client.ask(service, path, { ...init, headers })
  const body = await reply.text()
  requireThat(reply.status === status, `it answered ${reply.status} and not ${status}`)
  requireThat(
    (reply.headers.get('content-type') ?? '').startsWith('application/problem+json'),
    'the answer is no problem document',
  )
  const problem = requireObject(JSON.parse(body), 'the problem document')
  requireThat(
    problem['status'] === status && code.test(String(problem['code'])),
    `its code is ${String(problem['code'])}`,
  )
  return String(problem['code'])
}
