import { retry } from '#common/process/backoff'
import { errorMessage } from '#common/process/error'
import { CliError } from '../../cli/fail.ts'
import { authenticate, type Token } from './authenticate.ts'
import { parseChallenge } from './challenge.ts'
import type { Credentials } from './docker-config.ts'
import { ConnectionLost, type Network, REQUEST_MS, RegistryError, readDocument } from './network.ts'
import { isLoopback, type Repository } from './reference.ts'
import { isPassing, TRIES, waitBefore } from './retry-after.ts'

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
export type Registry = { readonly repository: Repository; readonly call: (request: Request) => Promise<Response> }

/** Code and message of the error document of the distribution specification; empty when there is none. */
const readDetail = async (response: Response): Promise<string> => {
  try {
    const { errors } = (await readDocument(response)) as {
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

const send = async (
  { fetch }: Network,
  { url, origin, request }: { readonly url: URL; readonly origin: string; readonly request: Request },
  token: Token | undefined,
): Promise<Response> => {
  const { method, headers, body, connection } = request
  try {
    return await fetch(url.href, {
      method,
      headers: {
        ...headers,
        // What is proven to the registry is not told to another host that it may send us to.
        ...(token !== undefined && url.origin === origin && token),
      },
      ...(body !== undefined && { body }),
      redirect: 'manual',
      keepalive: connection !== 'own',
      signal: AbortSignal.timeout(REQUEST_MS),
    })
  } catch (cause) {
    throw new ConnectionLost(`the connection to ${url.host} broke: ${errorMessage(cause)}`, { cause })
  }
}

/** The response when its status is an answer. Throws ConnectionLost for one that passes, RegistryError for all others. */
const requireAnswer = async (
  response: Response,
  { url, host, request }: { readonly url: URL; readonly host: string; readonly request: Request },
): Promise<Response> => {
  if (request.answers.includes(response.status)) return response
  const detail = await readDetail(response)
  const message = `${host} answered ${response.status} to ${request.method} ${url.pathname}${detail}`
  if (isPassing(response.status)) throw new ConnectionLost(message, { retryAfter: response.headers.get('retry-after') })
  const remedy = advice[response.status]
  throw new RegistryError(remedy === undefined ? message : `${message}: ${remedy}`, response.status)
}

export type RegistryOptions = {
  readonly credentials: Credentials
  readonly mountFrom?: readonly string[]
  readonly network: Network
}

/** Opens a way to a registry. Passing faults are tried again a bounded number of times; a 401 is answered once. */
export const openRegistry = (
  repository: Repository,
  { credentials, mountFrom = [], network }: RegistryOptions,
): Registry => {
  const { origin, host, name } = repository
  const scopes = [`repository:${name}:pull,push`, ...mountFrom.map((other) => `repository:${other}:pull`)]
  let token: Promise<Token> | undefined

  const sendAuthenticated = async (request: Request, url: URL): Promise<Response> => {
    const used = token && (await token.catch(() => undefined))
    const response = await send(network, { url, origin, request }, used)
    if (response.status !== 401 || url.origin !== origin) return response
    await response.body?.cancel()
    // Of several requests that are refused at once, one asks for the token and the others wait for it.
    const refused = token
    if (refused === undefined || (await refused.catch(() => undefined)) === used) {
      const challenge = parseChallenge(response.headers.get('www-authenticate'))
      token = authenticate(challenge, credentials, scopes, { host, network })
    }
    return send(network, { url, origin, request }, await token)
  }

  const call = async (request: Request): Promise<Response> => {
    const { to, tries = TRIES } = request
    const url = new URL(to, origin)
    if (url.protocol !== 'https:' && !isLoopback(url.host))
      throw new CliError(`${host} sends us to ${url.origin}, which is not https: nothing is sent there`)
    const attempt = async () => requireAnswer(await sendAuthenticated(request, url), { url, host, request })
    try {
      return await retry(attempt, {
        tries,
        isPassing: (error) => error instanceof ConnectionLost,
        delay: (failures, error) =>
          waitBefore(failures + 1, error instanceof ConnectionLost ? error.retryAfter : null, network.random()),
        pause: network.pause,
      })
    } catch (error) {
      if (!(error instanceof ConnectionLost) || tries === 1) throw error
      throw new ConnectionLost(`${error.message}; tried ${tries} times: try again later`)
    }
  }

  return { repository, call }
}
