import { EXIT_USAGE } from '#common/cli/read-command'
import { EXIT_UNAVAILABLE } from '#common/cli/sysexits'
import { CliError } from '../cli/fail.ts'
import type { Home } from '../platform/home.ts'
import { findUrl, requireRunning } from '../platform/running.ts'
import { type Fetch, socksFetch } from './socks-fetch.ts'

/** The platform of this machine, wherever its ports are now. */
export const LOCAL = 'local'

/** Which platform, and the SOCKS proxy (HOST:PORT) on the way to it. */
export type Platform = { readonly url: string; readonly socks?: string | undefined }

/** The way to a platform. `base` is what a path has before it. */
export type Endpoint = { readonly base: (path: string) => string; readonly fetch: Fetch }

const usage = (message: string) => new CliError(message, { exitCode: EXIT_USAGE })

/** Checks what was typed. Throws CliError. */
export const parsePlatform = ({ url, socks }: Platform): Platform => {
  if (url === LOCAL) return { url }
  const parsed = URL.parse(url)
  if (!['http:', 'https:'].includes(parsed?.protocol ?? ''))
    throw usage(`'${url}' is not the address of a platform: http://... or https://...`)
  if (parsed?.hostname.endsWith('.onion') && socks === undefined)
    throw usage('an onion is reached through Tor alone: give --socks 127.0.0.1:9050')
  if (socks !== undefined && !/^(?:[\w.-]+|\[[\da-fA-F:]+\]):\d{1,5}$/.test(socks))
    throw usage(`'${socks}' is not HOST:PORT of a SOCKS proxy`)
  return { url: parsed?.origin ?? url, socks }
}

/** Through the gateway, or past it where this machine has none (no NGINX). */
const localBase =
  (home: Home): Endpoint['base'] =>
  (path) =>
    requireRunning(home).services['api-gateway']?.url ??
    findUrl(home, path.startsWith('/auth/') ? 'authentication' : 'api-server')

/** Opens the way; nothing is sent yet. Network errors become CliErrors. */
export const openEndpoint = ({ url, socks }: Platform, home: Home): Endpoint => {
  const send: Fetch = socks === undefined ? (input, init) => fetch(input, init) : socksFetch(socks)
  return {
    base: url === LOCAL ? localBase(home) : () => url,
    fetch: async (input, init) => {
      try {
        return await send(input, init)
      } catch (cause) {
        const through = socks === undefined ? '' : ` through the SOCKS proxy ${socks}`
        throw new CliError(`${url === LOCAL ? 'the platform here' : url} does not answer${through}: is it up?`, {
          exitCode: EXIT_UNAVAILABLE,
          cause,
        })
      }
    },
  }
}
