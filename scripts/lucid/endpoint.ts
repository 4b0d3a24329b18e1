import { EXIT_USAGE } from '#common/cli/read-command'
import { streams } from '#common/cli/streams'
import { detectStyle } from '#common/cli/style'
import { EXIT_UNAVAILABLE } from '#common/cli/sysexits'
import { printer } from '#common/cli/text'
import { errorCode, errorMessage } from '#common/process/error'
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
  if (socks !== undefined && !/^(?:[\w.-]+|\[[\da-fA-F:]+\]):\d{1,5}$/.test(socks))
    throw usage(`'${socks}' is not HOST:PORT of a SOCKS proxy`)
  if (url === LOCAL) return { url }
  const parsed = URL.parse(url)
  if (!['http:', 'https:'].includes(parsed?.protocol ?? ''))
    throw usage(`'${url}' is not the address of a platform: http://... or https://...`)
  if (parsed?.hostname.endsWith('.onion') && socks === undefined)
    throw usage('an onion is reached through Tor alone: give --socks 127.0.0.1:9050')
  return { url: parsed?.origin ?? url, socks }
}

/** Through the gateway, or past it where this machine has none (no NGINX). */
const localBase =
  (home: Home): Endpoint['base'] =>
  (path) =>
    requireRunning(home).services['api-gateway']?.url ??
    findUrl(home, path.startsWith('/auth/') ? 'authentication' : 'api-server')

/** For how long the beginning of an answer is waited for, and from when on a reader is told, ms. */
const PATIENCE = 60_000
const SILENCE = 2_000

/** Waits for the head of an answer; what is sent or read as a stream may take its time. */
const waitPatiently = async (place: string, send: (signal: AbortSignal) => Promise<Response>): Promise<Response> => {
  const { live } = detectStyle(process.stderr, process.env)
  const limit = new AbortController()
  const tell = () => printer(streams.err)(`waiting for ${place}, a minute at most\n`)
  const timers = [setTimeout(() => limit.abort(), PATIENCE), setTimeout(tell, live ? SILENCE : PATIENCE)]
  try {
    return await send(limit.signal)
  } finally {
    timers.forEach(clearTimeout)
  }
}

/** Why there is no answer, and what to do about it. */
const explain = (cause: unknown, { url, socks }: Platform): string => {
  const code = errorCode(cause)
  if (/CERT|VERIFY|SSL|TLS/.test(code))
    return `the certificate of ${url} is not trusted here (${code}): NODE_EXTRA_CA_CERTS=FILE names the one that signed it`
  if (url === LOCAL) return 'the platform here does not answer: bun run status says how it is'
  if (socks === undefined) return `${url} does not answer: is it up?`
  if (/\bE[A-Z]{4,}/.test(errorMessage(cause))) return `the SOCKS proxy ${socks} does not answer: is Tor running?`
  return `${url} is not found through the SOCKS proxy ${socks}: is the address right, and is it up?`
}

/** Opens the way; nothing is sent yet. Network errors become CliErrors. */
export const openEndpoint = (platform: Platform, home: Home): Endpoint => {
  const { url, socks } = platform
  // Patience is ours: Bun would give a quiet stream up after five minutes.
  const direct: Fetch = (input, init) => fetch(input, { ...init, timeout: false } as BunFetchRequestInit)
  const send = socks === undefined ? direct : socksFetch(socks)
  return {
    base: url === LOCAL ? localBase(home) : () => url,
    fetch: async (input, init) => {
      try {
        if (init?.body instanceof ReadableStream) return await send(input, init)
        const place = url === LOCAL ? 'the platform here' : url
        return await waitPatiently(place, (signal) => send(input, { ...init, signal }))
      } catch (cause) {
        throw new CliError(explain(cause, platform), { exitCode: EXIT_UNAVAILABLE, cause })
      }
    },
  }
}
