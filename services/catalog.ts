/** The one list of services: what must know one reads it here, and nothing of this machine belongs in it (SPEC 2). */

/** Stacks in the order they are started; they are undone in reverse. */
export const stacks = ['core', 'sessions', 'blockchain', 'integration'] as const
export type Stack = (typeof stacks)[number]
export type Plane = 'ops' | 'chain' | 'wallet'
export type Network =
  | 'lucid_core_net'
  | 'lucid_chain_net'
  | 'lucid_keys_net'
  | 'lucid_store_net'
  | 'lucid_rdp_net'
  | 'lucid_wallet_net'

/** What an image holds beside the base, Bun and the service's own bundle. */
export type Image = {
  readonly base: 'bun'
  /** npm packages with a native addon. */
  readonly addons: readonly string[]
  /** Debian packages, with what they need to run. */
  readonly packages: readonly string[]
}

/** Routes as the service has them, 'GET /path/:parameter', or with all that is below, 'GET /path/*'. All others stay inside. */
export type Public = {
  /** Where the gateway has them: PREFIX/path goes to the service as /path. */
  readonly prefix: string
  /** Without a token. Whoever calls them counts as anonymous. */
  readonly open: readonly string[]
  /** Behind the guard of the service itself. */
  readonly guarded: readonly string[]
  /** As `guarded`, with a body that is a stream of any length. */
  readonly streams: readonly string[]
  /** As `guarded`; answers with events as they happen, for as long as somebody listens. */
  readonly events?: readonly string[]
}

/** One row of the catalogue. Sizes are MiB; ports are TCP on 127.0.0.1 of the host. */
export type Entry = {
  readonly stack: Stack
  readonly phase: 1 | 2 | 3 | 4 | 5
  readonly summary: string
  readonly port: number
  readonly hostPort: number
  readonly plane: Plane
  readonly networks: readonly Network[]
  /** The services this one calls. Also the only callers that each of those accepts. Acyclic. */
  readonly needs: readonly string[]
  /** The part of `needs` whose absence is queued for, not fatal: it shows in /health but keeps it at 200. */
  readonly tolerates: readonly string[]
  /** Services whose public documents it reads without a token, over a common network; may go in a circle. */
  readonly reads?: readonly string[]
  /** True when it keeps documents (services/common/store); on MongoDB it then has a user of its own. */
  readonly store: boolean
  readonly memoryMiB: number
  readonly cpus: number
  /** Volume name to the path inside the container. `LUCID_DATA` points at the service's own folder in it. */
  readonly volumes: Readonly<Record<string, string>>
  readonly profile?: string
  readonly image: Image
  /** Files of the host that it reads, by the environment key that each is the value of. */
  readonly hostFiles?: Readonly<Record<string, string>>
  /** More TCP ports, by what is spoken there: the same number in the container and, but for `unpublished`, on 127.0.0.1 of the host. */
  readonly ports?: Readonly<Record<string, number>>
  /** Those of `ports` that other containers reach and the host does not: they are not published. */
  readonly unpublished?: readonly string[]
  /** Programs that `bun run up` needs on this machine; where one is missing the service is left out, and said so. */
  readonly programs?: readonly string[]
  /** What the outside reaches of it through api-gateway. Without it: nothing. */
  readonly public?: Public
}

const bun = { base: 'bun', addons: [], packages: [] } as const
const bunBlake3 = { base: 'bun', addons: ['@napi-rs/blake-hash'], packages: [] } as const
const chain = { plane: 'chain', networks: ['lucid_chain_net'], tolerates: [], cpus: 1 } as const
/** With documents of its own: the database is on no other network. */
const chainStore = { ...chain, networks: ['lucid_chain_net', 'lucid_store_net'] } as const

export const catalog = {
  'tor-proxy': {
    stack: 'core',
    phase: 1,
    summary: 'the one way into Tor and out of it: SOCKS, HTTP tunnel, the onion of the gateway',
    port: 9052,
    hostPort: 9052,
    ports: { socks: 9050, control: 9051, http: 8888 },
    plane: 'ops',
    networks: ['lucid_core_net', 'lucid_wallet_net'],
    needs: ['api-gateway'],
    tolerates: ['api-gateway'],
    store: false,
    memoryMiB: 256,
    cpus: 1,
    volumes: { lucid_core_tor_data: '/data', lucid_core_onion_state: '/onions' },
    image: { base: 'bun', addons: [], packages: ['tor'] },
    programs: ['tor'],
  },
  'api-gateway': {
    stack: 'core',
    phase: 2,
    summary: 'the public front (NGINX): routes, limits, problem documents',
    port: 8080,
    hostPort: 8080,
    ports: { onion: 8079, tls: 8443 },
    unpublished: ['onion'],
    plane: 'ops',
    networks: ['lucid_core_net', 'lucid_chain_net'],
    needs: ['api-server', 'authentication', 'blockchain-api', 'session-orchestrator', 'session-recorder'],
    tolerates: ['api-server', 'authentication', 'blockchain-api', 'session-orchestrator', 'session-recorder'],
    store: false,
    memoryMiB: 128,
    cpus: 1,
    volumes: {},
    image: { base: 'bun', addons: [], packages: ['nginx'] },
    programs: ['nginx'],
  },
  'api-server': {
    stack: 'core',
    phase: 2,
    summary: 'the public REST API: sessions, evidence, events, people',
    port: 8081,
    hostPort: 8081,
    plane: 'ops',
    // Of the key holder it gets encrypted chunks, and a key on its owner's signature alone.
    networks: ['lucid_core_net', 'lucid_chain_net', 'lucid_keys_net', 'lucid_store_net'],
    needs: [
      'session-orchestrator',
      'session-recorder',
      'session-encryptor',
      'merkle-builder',
      'blockchain-api',
      'authentication',
    ],
    tolerates: [
      'session-orchestrator',
      'session-recorder',
      'session-encryptor',
      'merkle-builder',
      'blockchain-api',
      'authentication',
    ],
    // What they count, for admins: all that shares a network with it.
    reads: [
      'api-gateway',
      'tor-proxy',
      'session-chunker',
      'blockchain-sessions-data',
      'blockchain-vm',
      'blockchain-ledger',
      'on-system-chain-client',
      'openapi-server',
      'openapi-gateway',
    ],
    store: true,
    memoryMiB: 256,
    cpus: 1,
    volumes: { lucid_core_api_data: '/data' },
    image: bun,
    public: {
      prefix: '',
      open: [],
      // All of it is for people, and nothing else of the service is below that path.
      guarded: ['GET /api/v1/*', 'POST /api/v1/*', 'PUT /api/v1/*', 'DELETE /api/v1/*'],
      streams: ['PATCH /api/v1/sessions/:id/stream'],
      events: ['GET /api/v1/events', 'GET /api/v1/sessions/:id/events'],
    },
  },
  'blockchain-vm': {
    ...chainStore,
    stack: 'blockchain',
    phase: 4,
    summary: 'executes blocks and calls on the EVM, keeps the state',
    // One for blocks, one for calls.
    cpus: 2,
    port: 8087,
    hostPort: 8087,
    needs: [],
    store: true,
    memoryMiB: 512,
    volumes: { lucid_chain_data: '/data' },
    image: bun,
  },
  'blockchain-ledger': {
    ...chainStore,
    stack: 'blockchain',
    phase: 4,
    summary: 'orders transactions into blocks, signs and keeps them',
    port: 8088,
    hostPort: 8088,
    needs: ['blockchain-vm'],
    // The newest block that each of them saw: what a store that was put back to older data does not know.
    reads: ['blockchain-sessions-data', 'on-system-chain-client'],
    store: true,
    memoryMiB: 256,
    volumes: { lucid_chain_data: '/data' },
    image: bun,
  },
  'blockchain-sessions-data': {
    ...chainStore,
    stack: 'blockchain',
    phase: 4,
    summary: 'indexes anchor events, replays them from any block',
    port: 8086,
    hostPort: 8086,
    needs: ['blockchain-ledger'],
    store: true,
    memoryMiB: 192,
    volumes: { lucid_chain_data: '/data' },
    image: bun,
  },
  'blockchain-api': {
    ...chain,
    stack: 'blockchain',
    phase: 4,
    summary: 'public face of the chain: REST and Ethereum JSON-RPC',
    port: 8084,
    hostPort: 8084,
    needs: ['blockchain-ledger', 'blockchain-sessions-data', 'blockchain-vm'],
    store: false,
    memoryMiB: 384,
    volumes: {},
    image: bun,
    public: {
      prefix: '/blockchain',
      open: [
        'GET /chain',
        'GET /anchors',
        'GET /anchors/:session',
        'GET /blocks',
        'GET /blocks/:ref',
        'GET /transactions/:hash',
        'GET /receipts/:hash',
        'GET /receipts/:hash/proof',
        'POST /rpc',
      ],
      guarded: [],
      streams: [],
    },
  },
  'on-system-chain-client': {
    ...chainStore,
    stack: 'blockchain',
    phase: 4,
    summary: 'anchors each session exactly once from a durable queue',
    port: 8096,
    hostPort: 8096,
    needs: ['blockchain-api'],
    store: true,
    memoryMiB: 192,
    volumes: { lucid_contract_data: '/data' },
    image: bun,
  },
  'session-encryptor': {
    ...chain,
    // Nobody else, and no way out: it holds the keys of all sessions.
    networks: ['lucid_keys_net', 'lucid_store_net'],
    stack: 'sessions',
    phase: 3,
    summary: 'holds the session keys; encrypts, hashes and keeps chunks',
    port: 8091,
    hostPort: 8091,
    needs: [],
    store: true,
    memoryMiB: 256,
    volumes: { lucid_encrypted_data: '/data' },
    image: bunBlake3,
  },
  'session-chunker': {
    ...chain,
    networks: ['lucid_chain_net', 'lucid_keys_net'],
    stack: 'sessions',
    phase: 3,
    summary: 'cuts a stream into chunks and compresses them',
    port: 8090,
    hostPort: 8090,
    needs: ['session-encryptor'],
    store: false,
    memoryMiB: 256,
    volumes: {},
    image: bun,
  },
  'merkle-builder': {
    ...chainStore,
    stack: 'sessions',
    phase: 3,
    summary: 'builds the BLAKE3 Merkle tree of a session, serves proofs',
    port: 8092,
    hostPort: 8092,
    needs: [],
    store: true,
    memoryMiB: 192,
    volumes: { lucid_sessions_data: '/data' },
    image: bunBlake3,
  },
  'session-orchestrator': {
    ...chainStore,
    networks: ['lucid_chain_net', 'lucid_keys_net', 'lucid_store_net'],
    stack: 'sessions',
    phase: 3,
    summary: 'keeps the life of a session; signs its manifest, has it anchored',
    port: 8093,
    hostPort: 8093,
    needs: ['session-encryptor', 'merkle-builder', 'on-system-chain-client'],
    tolerates: ['on-system-chain-client'],
    store: true,
    memoryMiB: 192,
    volumes: { lucid_sessions_data: '/data' },
    image: bunBlake3,
    public: {
      prefix: '/orchestrator',
      open: [],
      guarded: ['GET /sessions', 'GET /sessions/:id', 'GET /sessions/:id/manifest', 'GET /sessions/:id/audit'],
      streams: [],
    },
  },
  authentication: {
    stack: 'sessions',
    phase: 3,
    summary: 'signs people in by their TRON keys; keeps accounts, roles and sign-ins',
    port: 8094,
    hostPort: 8094,
    plane: 'ops',
    networks: ['lucid_core_net', 'lucid_store_net'],
    needs: [],
    tolerates: [],
    store: true,
    memoryMiB: 192,
    cpus: 1,
    volumes: { lucid_sessions_data: '/data' },
    image: bun,
    public: {
      prefix: '',
      open: [
        'POST /auth/challenge',
        'POST /auth/verify',
        'POST /auth/refresh',
        'GET /auth/jwks.json',
        'POST /auth/magic',
        'POST /auth/magic/verify',
        'POST /auth/passkey/options',
        'POST /auth/passkey/verify',
      ],
      guarded: [
        'GET /auth/me',
        'POST /auth/logout',
        'GET /auth/sign-ins',
        'DELETE /auth/sign-ins/:id',
        'GET /auth/factors',
        'POST /auth/totp',
        'POST /auth/totp/confirm',
        'POST /auth/totp/remove',
        'POST /auth/passkeys/options',
        'POST /auth/passkeys',
        'DELETE /auth/passkeys/:id',
        'POST /auth/hardware-keys',
        'DELETE /auth/hardware-keys/:address',
      ],
      streams: [],
    },
  },
  'session-recorder': {
    ...chainStore,
    stack: 'sessions',
    phase: 3,
    summary: 'takes a recording and feeds it to the pipeline until it is acknowledged',
    port: 8095,
    hostPort: 8095,
    needs: ['session-orchestrator', 'session-chunker'],
    store: true,
    memoryMiB: 256,
    volumes: { lucid_sessions_data: '/data' },
    hostFiles: { MACHINE_ID: '/etc/machine-id' },
    profile: 'recording',
    image: bun,
    public: {
      prefix: '/recorder',
      open: [],
      guarded: ['GET /recordings', 'GET /recordings/:id', 'POST /recordings/start', 'POST /recordings/:id/stop'],
      streams: ['PATCH /recordings/:id/stream'],
    },
  },
  'openapi-gateway': {
    stack: 'integration',
    phase: 5,
    summary: 'the documentation page of all services, with nothing from elsewhere',
    port: 8095,
    hostPort: 8195,
    plane: 'ops',
    networks: ['lucid_core_net'],
    needs: ['openapi-server'],
    tolerates: ['openapi-server'],
    store: false,
    memoryMiB: 128,
    cpus: 0.5,
    volumes: {},
    image: bun,
  },
  'openapi-server': {
    stack: 'integration',
    phase: 5,
    summary: 'one OpenAPI document, merged from those of all services',
    port: 8096,
    hostPort: 8196,
    plane: 'ops',
    networks: ['lucid_core_net', 'lucid_chain_net', 'lucid_keys_net'],
    needs: [],
    tolerates: [],
    // Everything that shares a network with it: catalog.test.ts says which one is missing.
    reads: [
      'session-chunker',
      'session-encryptor',
      'merkle-builder',
      'session-orchestrator',
      'session-recorder',
      'authentication',
      'api-server',
      'blockchain-api',
      'blockchain-sessions-data',
      'blockchain-vm',
      'blockchain-ledger',
      'on-system-chain-client',
      'openapi-gateway',
      'api-gateway',
      'tor-proxy',
    ],
    store: false,
    memoryMiB: 128,
    cpus: 0.5,
    volumes: {},
    image: bun,
  },
} as const satisfies Readonly<Record<string, Entry>>

export type ServiceName = keyof typeof catalog

/** A container of somebody else's, from a stock image. Sizes are MiB; the port is TCP on 127.0.0.1 of the host. */
export type Stock = {
  readonly stack: Stack
  readonly summary: string
  /** With the digest of a multi-architecture index: what runs is what was looked at. */
  readonly image: string
  readonly port: number
  readonly hostPort: number
  readonly plane: Plane
  readonly networks: readonly Network[]
  readonly memoryMiB: number
  readonly cpus: number
  readonly volumes: Readonly<Record<string, string>>
}

/** Third-party containers (SPEC section 2: there is one). */
export const stock = {
  mongo: {
    stack: 'core',
    summary: 'MongoDB 7, a replica set: the store of every service in production',
    image: 'mongo:7@sha256:9854f7139445d766a9523571d6f047530c45547460ffcf8259eb2bf4264632ca',
    port: 27017,
    hostPort: 27017,
    plane: 'ops',
    networks: ['lucid_store_net'],
    memoryMiB: 768,
    cpus: 1,
    volumes: { lucid_core_mongo_data: '/data/db' },
  },
} as const satisfies Readonly<Record<string, Stock>>

/** A container of ours that is started by hand, does one thing and ends: no port, no identity, nothing that waits for it. */
export type Tool = Pick<Entry, 'stack' | 'phase' | 'summary' | 'networks' | 'memoryMiB' | 'cpus' | 'image'> & {
  readonly plane: Plane
  /** Compose starts it only when it is asked for. */
  readonly profile: string
}

/** Tools: not in `catalog`, so that ports, tokens, start-up and health checks do not see them. */
export const tools = {
  'server-tools': {
    stack: 'core',
    phase: 1,
    summary:
      'a host’s tool box: inspects services and networks, draws secrets, gives volumes their owners, backs up, restores, probes',
    plane: 'ops',
    networks: ['lucid_core_net', 'lucid_chain_net', 'lucid_store_net'],
    memoryMiB: 128,
    cpus: 0.5,
    profile: 'tools',
    image: bun,
  },
} as const satisfies Readonly<Record<string, Tool>>

/** Identities that call services but are none: the operator's command line. */
export const clients = {
  operator: {
    needs: [
      'authentication',
      'session-recorder',
      'session-orchestrator',
      'session-encryptor',
      'merkle-builder',
      'blockchain-api',
      'blockchain-sessions-data',
      // Their audit streams.
      'api-server',
      'blockchain-ledger',
      'blockchain-vm',
      'on-system-chain-client',
    ],
  },
} as const satisfies Readonly<Record<string, { readonly needs: readonly ServiceName[] }>>

export type CallerName = ServiceName | keyof typeof clients

/** What a host has unless its env file says otherwise, by the key of that file (SPEC section 2). */
export const defaults = {
  LUCID_MOUNT_PATH: '/mnt/myssd/Lucid',
  LUCID_IMAGE_REPO: 'pickme/lucid',
  LUCID_MONGO_URL: 'mongodb://lucid_mongo:27017/lucid?replicaSet=rs0&authSource=admin',
} as const
