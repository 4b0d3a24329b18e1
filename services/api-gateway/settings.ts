import type { Entry, ServiceName } from '#catalog'

/** All that the configuration follows from. */
export type Settings = {
  readonly host: string
  readonly port: number
  /** Where tor-proxy hands over what came through the onion, with the PROXY protocol before it. */
  readonly onionPort: number
  readonly tlsPort: number
  /** File with the certificate, those that signed it, and its key. */
  readonly pem: string
  /** Networks from which tor-proxy calls; who calls from elsewhere may not say whose address he brings. */
  readonly onionFrom: readonly string[]
  /** For sockets, the pid file and the empty files that NGINX wants. */
  readonly folder: string
  /** Who the workers are; only where the master is root. */
  readonly user?: string
  /** Services with where they are, as `172.21.0.5:8084`. */
  readonly upstreams: readonly {
    readonly service: ServiceName
    readonly addresses: readonly string[]
    readonly public: NonNullable<Entry['public']>
  }[]
  /** Host names beside the usual ones. */
  readonly hostNames: readonly string[]
  readonly timeoutMs: number
}

/** Requests a minute (SPEC section 7). A bucket of that size, which refills at that rate. */
export const limits = { anonymous: 100, authenticated: 1_000, admin: 10_000 } as const

/** The same for health, status, metrics and OpenAPI together: the watch, the engine and a monitor ask them. */
export const OWN_ROUTES_LIMIT = 600

/**
 * Connections at once. A header that never ends holds one for `HEADER_SECONDS`, and is not counted by address before it
 * is whole: so there are many, at 6 KB each, and not for long.
 */
export const connections = { all: 8_192, eachAddress: 256 } as const
export const HEADER_SECONDS = 5
/** One: with more of them, one can be full while another is not, and the kernel gives new connections to either. */
export const WORKERS = 1

/** Largest body but for streams, MiB. */
export const MAX_BODY_MIB = 16

/**
 * The sockets below `folder`: that of the service itself, that on which NGINX asks who may go on, and that on which it
 * tells how it is.
 */
export const socketsIn = (folder: string) => ({
  own: `${folder}/own.sock`,
  checks: `${folder}/checks.sock`,
  nginx: `${folder}/nginx.sock`,
})
