import { errorMessage } from '#common/process/error'
import { CliError } from '../../cli/fail.ts'
import { type Challenge, parseChallenge } from './challenge.ts'
import type { Credentials } from './docker-config.ts'
import { isLoopback, type Repository } from './reference.ts'
import { isPassing, TRIES, waitBefore } from './retry-after.ts'

/** The registry refused; `status` is that of HTTP. The message says what to do. */
export class RegistryError extends CliError {
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.name = 'RegistryError'
    this.status = status
  }
}

/** The connection broke or the registry stumbled; whatever was sent may have arrived in part. */
export class ConnectionLost extends CliError {
  constructor(message: string, { cause }: { readonly cause?: unknown } = {}) {
    super(message, { cause })
    this.name = 'ConnectionLost'
  }
}

export type Request = {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** A path from `/v2/`, or an address that the registry gave (Location). */
  readonly to: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array<ArrayBuffer>
  /** Statuses that are an answer; any other is thrown. */
  readonly answers: readonly number[]
  /** 1 for a request that must not simply be sent again; TRIES unless given. */
  readonly tries?: number
  /** `own`: a connection for this request alone. */
  readonly connection?: 'shared' | 'own'
}

/** A registry seen through one repository. `call` throws RegistryError or ConnectionLost. */
export type Registry = {
  readonly repository: Repository
  readonly call: (request: Request) => Promise<Response>
}

/** What the edge hands in: network, clock and chance. */
export type Line = {
  readonly fetch: (url: string, init: RequestInit & { readonly keepalive?: boolean }) => Promise<Response>
  readonly pause: (ms: number) => Promise<void>
  readonly random: () => number
}

/** Longest time of one request, ms: the largest chunk on a line of 1 Mbit/s. */
const REQUEST_MS = 150_000

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

/** Code and message of the error document of the distribution specification; empty when there is none. */
const readDetail = async (response: Response): Promise<string> => {
  const text = await response.text().catch(() => '')
  try {
    const { errors } = JSON.parse(text) as {
      readonly errors?: readonly { code?: string; message?: string }[]
    }
    const [first] = errors ?? []
    return first === undefined ? '' : ` (${[first.code, first.message].filter(Boolean).join(': ')})`
  } catch {
    return ''
  }
}

const advice: Readonly<Record<number, string>> = {
  401: 'docker login again',
  403: 'this user may not push there',
  404: 'it knows no such repository',
  405: 'it is read-only, or no registry',
  413: 'it takes no blob of that size',
}

type Token = { readonly authorization: string }

const fetchToken = async (
  challenge: Extract<Challenge, { scheme: 'bearer' }>,
  credentials: Credentials,
  scopes: readonly string[],
  { fetch }: Line,
): Promise<Token> => {
  const realm = new URL(challenge.realm)
  if (realm.protocol !== 'https:' && !isLoopback(realm.host))
    throw new CliError(
      `the registry sends for tokens to ${realm.origin}, which is not https: nothing is sent there`,
    )
  const headers: Record<string, string> = {}
  let body: URLSearchParams | undefined
  if (credentials.kind === 'token') {
    body = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'lucid',
      refresh_token: credentials.token,
      scope: scopes.join(' '),
      ...(challenge.service !== undefined && { service: challenge.service }),
    })
  } else {
    if (challenge.service !== undefined) realm.searchParams.set('service', challenge.service)
    for (const scope of scopes) realm.searchParams.append('scope', scope)
    if (credentials.kind === 'password')
      headers['authorization'] = basic(credentials.user, credentials.password)
  }
  const response = await fetch(realm.href, {
    method: body === undefined ? 'GET' : 'POST',
    headers,
    ...(body !== undefined && { body }),
    redirect: 'error',
    signal: AbortSignal.timeout(REQUEST_MS),
  })
  if (response.status === 401 || response.status === 403)
    throw new RegistryError(
      `the token service of ${realm.host} refuses these credentials: docker login again`,
      response.status,
    )
  if (!response.ok) {
    await response.body?.cancel()
    throw new ConnectionLost(`the token service of ${realm.host} answered ${response.status}`)
  }
  const answer = (await response.json()) as { readonly token?: unknown; readonly access_token?: unknown }
  const token = answer.token ?? answer.access_token
  if (typeof token !== 'string' || token === '')
    throw new CliError(`the token service of ${realm.host} gave no token`)
  return { authorization: `Bearer ${token}` }
}

const authenticate = async (
  challenge: Challenge | undefined,
  credentials: Credentials,
  scopes: readonly string[],
  { host, line }: { readonly host: string; readonly line: Line },
): Promise<Token> => {
  if (challenge?.scheme === 'bearer') return fetchToken(challenge, credentials, scopes, line)
  if (challenge === undefined)
    throw new RegistryError(`${host} asks for a kind of sign-in that this program does not speak`, 401)
  if (credentials.kind === 'password') return { authorization: basic(credentials.user, credentials.password) }
  throw new RegistryError(`${host} asks for a user and a password: docker login ${host}`, 401)
}

/**
 * Opens a way to a registry. Tokens are asked for the repository and, to read, for those it may mount blobs from.
 * Connections and passing faults (429, 5xx) are tried again a bounded number of times; a 401 is answered once.
 */
export const openRegistry = (
  repository: Repository,
  {
    credentials,
    mountFrom = [],
    line,
  }: { readonly credentials: Credentials; readonly mountFrom?: readonly string[]; readonly line: Line },
): Registry => {
  const { origin, host, name } = repository
  const scopes = [`repository:${name}:pull,push`, ...mountFrom.map((other) => `repository:${other}:pull`)]
  let token: Promise<Token> | undefined

  const send = async (url: URL, { method, headers, body, connection }: Request, proof: Token | undefined) => {
    try {
      return await line.fetch(url.href, {
        method,
        headers: {
          ...headers,
          // What is proven to the registry is not told to another host that it may send us to.
          ...(proof !== undefined && url.origin === origin && proof),
        },
        ...(body !== undefined && { body }),
        redirect: 'manual',
        keepalive: connection !== 'own',
        signal: AbortSignal.timeout(REQUEST_MS),
      })
    } catch (cause) {
      const why = errorMessage(cause)
      throw new ConnectionLost(`the connection to ${url.host} broke: ${why}`, { cause })
    }
  }

  const answered = async (request: Request, url: URL): Promise<Response> => {
    const proof = token && (await token.catch(() => undefined))
    const response = await send(url, request, proof)
    if (response.status !== 401 || url.origin !== origin) return response
    await response.body?.cancel()
    // Of several requests that are refused at once, one asks for the token and the others wait for it.
    const refused = token
    if (refused === undefined || (await refused.catch(() => undefined)) === proof) {
      const challenge = parseChallenge(response.headers.get('www-authenticate'))
      token = authenticate(challenge, credentials, scopes, { host, line })
    }
    return send(url, request, await token)
  }

  const call = async (request: Request): Promise<Response> => {
    const { method, to, answers, tries = TRIES } = request
    const url = new URL(to, origin)
    if (url.protocol !== 'https:' && !isLoopback(url.host))
      throw new CliError(`${host} sends us to ${url.origin}, which is not https: nothing is sent there`)
    for (let next = 2; ; next++) {
      let fault: ConnectionLost
      let retryAfter: string | null = null
      try {
        const response = await answered(request, url)
        if (answers.includes(response.status)) return response
        const detail = await readDetail(response)
        const message = `${host} answered ${response.status} to ${method} ${url.pathname}${detail}`
        if (!isPassing(response.status)) {
          const remedy = advice[response.status]
          throw new RegistryError(remedy === undefined ? message : `${message}: ${remedy}`, response.status)
        }
        fault = new ConnectionLost(message)
        retryAfter = response.headers.get('retry-after')
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error
        fault = error
      }
      if (next > tries)
        throw tries === 1
          ? fault
          : new ConnectionLost(`${fault.message}; tried ${tries} times: try again later`)
      await line.pause(waitBefore(next, retryAfter, line.random()))
    }
  }

  return { repository, call }
}
