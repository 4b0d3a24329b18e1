import { CliError } from '../../cli/fail.ts'
import type { Challenge } from './challenge.ts'
import type { Credentials } from './docker-config.ts'
import { ConnectionLost, type Network, REQUEST_MS, RegistryError, readDocument } from './network.ts'
import { isLoopback } from './reference.ts'

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

/** Proves to a registry who we are. */
export type Token = { readonly authorization: string }

const fetchToken = async (
  challenge: Extract<Challenge, { scheme: 'bearer' }>,
  credentials: Credentials,
  scopes: readonly string[],
  { fetch }: Network,
): Promise<Token> => {
  const realm = new URL(challenge.realm)
  if (realm.protocol !== 'https:' && !isLoopback(realm.host))
    throw new CliError(`the registry sends for tokens to ${realm.origin}, which is not https: nothing is sent there`)
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
    if (credentials.kind === 'password') headers['authorization'] = basic(credentials.user, credentials.password)
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
  const answer = (await readDocument(response)) as { readonly token?: unknown; readonly access_token?: unknown }
  const token = answer.token ?? answer.access_token
  if (typeof token !== 'string' || token === '') throw new CliError(`the token service of ${realm.host} gave no token`)
  return { authorization: `Bearer ${token}` }
}

/** Answers a challenge. Throws RegistryError when these credentials are none, ConnectionLost when the token service stumbles. */
export const authenticate = async (
  challenge: Challenge | undefined,
  credentials: Credentials,
  scopes: readonly string[],
  { host, network }: { readonly host: string; readonly network: Network },
): Promise<Token> => {
  if (challenge?.scheme === 'bearer') return fetchToken(challenge, credentials, scopes, network)
  if (challenge === undefined)
    throw new RegistryError(`${host} asks for a kind of sign-in that this program does not speak`, 401)
  if (credentials.kind === 'password') return { authorization: basic(credentials.user, credentials.password) }
  throw new RegistryError(`${host} asks for a user and a password: docker login ${host}`, 401)
}
