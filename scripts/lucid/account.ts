import { streams } from '#common/cli/streams'
import { printer } from '#common/cli/text'
import { homeFrom } from '../platform/home.ts'
import { configFrom } from './config.ts'
import { type Endpoint, openEndpoint } from './endpoint.ts'
import { nameFrom } from './flags.ts'
import { proveByHardware } from './hardware.ts'
import { accessToken, requireSignIn } from './sign-in.ts'
import type { Fetch } from './socks-fetch.ts'
import { openTokenStore, type TokenStore } from './token-store.ts'

/** Somebody who is signed in, and the way to the platform as that person. */
export type Account = {
  readonly name: string
  readonly address: string
  readonly url: string
  readonly store: TokenStore
  readonly base: Endpoint['base']
  /** Adds the access token, refreshed when it is due, to each POST its idempotency key, and the hardware key's signature that is asked for. */
  readonly fetch: Fetch
}

type TokenOf = (refused?: string) => Promise<string>

const withToken = (request: Request, token: string, proof?: string): Request => {
  const headers = new Headers(request.headers)
  headers.set('authorization', `Bearer ${token}`)
  if (proof !== undefined) headers.set('x-hardware-key-signature', proof)
  if (request.method === 'POST' && !headers.has('idempotency-key')) headers.set('idempotency-key', crypto.randomUUID())
  return new Request(request.clone() as Request, { headers })
}

/** `fetch` with a token. One that is refused was made void before its end: once more with a new one; so with a signature that `prove` brings. */
const fetchAs =
  (fetch: Fetch, tokenOf: TokenOf, prove: (request: Request, reply: Response) => Promise<string | undefined>): Fetch =>
  async (input, init) => {
    // A stream cannot be sent twice; whoever sends one has asked for something with this token before.
    if (init?.body instanceof ReadableStream) {
      const headers = new Headers(init.headers)
      headers.set('authorization', `Bearer ${await tokenOf()}`)
      return fetch(input, { ...init, headers })
    }
    const request = new Request(input as string, init)
    const token = await tokenOf()
    let answer = await fetch(withToken(request, token))
    if (answer.status === 401) {
      const next = await tokenOf(token)
      if (next !== token) answer = await fetch(withToken(request, next))
    }
    const proof = await prove(request, answer)
    return proof === undefined ? answer : fetch(withToken(request, await tokenOf(), proof))
  }

/** Who the flags and the environment name. Throws CliError when nobody is signed in. */
export const openAccount = async (flags: { readonly as: string | undefined }): Promise<Account> => {
  const config = configFrom(process.env)
  const name = nameFrom(flags)
  const store = await openTokenStore(config, process.env)
  const { address, url, socks } = await requireSignIn(store, name)
  const endpoint = openEndpoint({ url, socks }, homeFrom(process.env))
  const tokenOf: TokenOf = (refused) => accessToken({ config, store, name, endpoint, now: Date.now }, refused)
  const prove = (request: Request, reply: Response) =>
    proveByHardware(request, reply, { endpoint, err: printer(streams.err) })
  return { name, address, url, store, base: endpoint.base, fetch: fetchAs(endpoint.fetch, tokenOf, prove) }
}
