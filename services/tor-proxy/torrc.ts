/** All that the configuration of tor follows from. */
export type Settings = {
  readonly host: string
  readonly ports: { readonly socks: number; readonly control: number; readonly http: number }
  /** Tor's own folder, for its state and the cookie. */
  readonly data: string
  readonly passwordHash: string
  /** Who may use the proxies beside this machine, as networks. */
  readonly networks: readonly string[]
  readonly network: 'on' | 'off'
  readonly onions: readonly {
    /** HiddenServiceDir: the folder with its key. */
    readonly folder: string
    readonly port: number
    /** The Unix socket that takes its connections. */
    readonly unix: string
  }[]
  /** The process without which tor ends. */
  readonly owner: number
  /** Lines of `testLines`. */
  readonly test: readonly string[]
}

/** Connections at once over one circuit, which is one visitor; one that wants more is closed. */
const CIRCUIT_STREAMS = 64

const quoted = (path: string): string => `"${path.replaceAll(/["\\]/g, '\\$&')}"`

/** Below tor's data folder. */
export const cookiePath = (data: string): string => `${data}/control_auth_cookie`

/** The torrc of a client alone: no relay, no exit; what comes from neither here nor a named network is refused. */
export const torrc = (settings: Settings): string => {
  const { host, ports, data, passwordHash, networks, network, onions, owner, test } = settings
  const address = host.includes(':') ? `[${host}]` : host
  return [
    '# Written by tor-proxy at each start.',
    `DataDirectory ${quoted(data)}`,
    'RunAsDaemon 0',
    'Log notice stdout',
    'SafeLogging 1',
    'ClientOnly 1',
    'ExitRelay 0',
    'ExitPolicy reject *:*',
    `DisableNetwork ${network === 'on' ? 0 : 1}`,
    `__OwningControllerProcess ${owner}`,
    '',
    `SocksPort ${address}:${ports.socks}`,
    `HTTPTunnelPort ${address}:${ports.http}`,
    'SafeSocks 1',
    ...['127.0.0.0/8', ...networks].map((one) => `SocksPolicy accept ${one}`),
    'SocksPolicy reject *',
    '',
    `ControlPort ${address}:${ports.control}`,
    `HashedControlPassword ${passwordHash}`,
    'CookieAuthentication 1',
    `CookieAuthFile ${quoted(cookiePath(data))}`,
    ...onions.flatMap(({ folder, port, unix }) => [
      '',
      `HiddenServiceDir ${quoted(folder)}`,
      'HiddenServiceVersion 3',
      `HiddenServicePort ${port} unix:${quoted(unix)}`,
      // Each circuit arrives as an address of its own, which the gateway can limit by.
      'HiddenServiceExportCircuitID haproxy',
      // The gateway counts requests, which have to be whole first: half ones are counted here.
      `HiddenServiceMaxStreams ${CIRCUIT_STREAMS}`,
      'HiddenServiceMaxStreamsCloseCircuit 1',
    ]),
    ...(test.length > 0 ? ['', '# A private network, for tests.', ...test] : []),
    '',
  ].join('\n')
}
