import { Fault } from '../process/fault.ts'
import { diskFull, duplicate } from './faults.ts'

/** Why a database is unavailable: cause and remedy in one line, and when to try again (ms). */
const causes = {
  'store-away': [
    1_000,
    'the database does not answer: see whether it runs and can be reached; this is tried again by itself',
  ],
  'store-login': [
    5_000,
    'the database refuses the login: check MONGO_USER, MONGO_PASSWORD and the authSource of MONGO_URL',
  ],
  'store-rights': [
    5_000,
    'the database user may not do this: give it the rights that compose/mongo/init.js gives, it is safe to run again',
  ],
  'store-certificate': [
    5_000,
    'the certificate of the database is not trusted: check MONGO_TLS_CA, the host name in MONGO_URL and the dates of the certificate',
  ],
  'store-standalone': [
    5_000,
    'the database is no replica set, which transactions need: start mongod with --replSet, then run rs.initiate()',
  ],
  'store-too-old': [30_000, 'the database is older than MongoDB 7.0: upgrade it'],
  'store-no-primary': [
    1_000,
    'the database has no primary that takes writes: see rs.status(); an election or a missing majority is tried again by itself',
  ],
  'store-not-durable': [
    1_000,
    'a majority of the replica set did not confirm the write in time: it may have happened or not, read before it is repeated',
  ],
  'store-slow': [1_000, 'the database did not answer in time: see its load, or raise MONGO_TIMEOUT_MS'],
  'store-busy': [100, 'other writers kept changing the same documents: repeat the request'],
  'store-commit-unknown': [
    1_000,
    'the database went away in the middle of a commit: whether it was kept is not known, read before it is repeated',
  ],
} as const satisfies Readonly<Record<string, readonly [retryAfter: number, detail: string]>>

type Cause = keyof typeof causes

const unavailable = (code: Cause, cause: unknown): Fault => {
  const [retryAfter, detail] = causes[code]
  return new Fault('unavailable', code, detail, { retryAfter, cause })
}

/** Server error codes, https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml */
const byCode: ReadonlyMap<number, Cause> = new Map([
  ...[6, 7, 89, 91, 262, 317, 358, 9001, 11600, 11602].map((code) => [code, 'store-away'] as const),
  ...[189, 10058, 10107, 13435, 13436].map((code) => [code, 'store-no-primary'] as const),
  ...[64, 79, 100].map((code) => [code, 'store-not-durable'] as const),
  ...[50, 202].map((code) => [code, 'store-slow'] as const),
  ...[24, 112, 225, 244, 246, 251].map((code) => [code, 'store-busy'] as const),
  [13, 'store-rights'],
  [18, 'store-login'],
  [20, 'store-standalone'],
])

const DUPLICATE = new Set([11000, 11001])
const INVALID_DOCUMENT = 121
const OUT_OF_DISK_SPACE = 14031
const TOO_LARGE = 10334

type Loose = {
  readonly name?: string
  readonly message?: string
  readonly code?: unknown
  readonly cause?: unknown
  readonly reason?: { readonly servers?: ReadonlyMap<string, { readonly error?: unknown }> }
}

/** An error and everything that it says it came from: causes, and what each known server last answered. */
const listCauses = (error: unknown, depth = 0): readonly Loose[] => {
  if (typeof error !== 'object' || error === null || depth > 8) return []
  const one: Loose = error
  const servers = [...(one.reason?.servers?.values() ?? [])].map((server) => server.error)
  return [one, ...[one.cause, ...servers].flatMap((next) => listCauses(next, depth + 1))]
}

const CERTIFICATE = /^(?:CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/
const speaksOfCertificate = /certificate|self.signed|\bssl\b|\btls\b/i

/** Causes in the order of how much they tell; each is looked for in the whole chain. */
const signs: readonly (readonly [Cause, (one: Loose) => boolean])[] = [
  [
    'store-certificate',
    ({ code, message = '' }) =>
      (typeof code === 'string' && CERTIFICATE.test(code)) || speaksOfCertificate.test(message),
  ],
  ['store-login', ({ code }) => code === 18],
  ['store-too-old', ({ name }) => name === 'MongoCompatibilityError'],
  ['store-slow', ({ name }) => name === 'MongoNetworkTimeoutError'],
  [
    'store-away',
    ({ name, code }) =>
      name === 'MongoNetworkError' || (typeof code === 'string' && /^(?:E[A-Z]+|EAI_AGAIN)$/.test(code)),
  ],
  ['store-no-primary', ({ name }) => name === 'MongoServerSelectionError'],
  ['store-away', ({ name = '' }) => /^Mongo(?:.*Pool.*|ServerClosed|TopologyClosed|NotConnected)Error$/.test(name)],
]

const codeOf = ({ code }: Loose): number => (typeof code === 'number' ? code : Number.NaN)

/** What the driver reports, in the words of the store; unknown errors stay. Server messages quote documents. */
export const mongoFault = (error: unknown, collection: string): unknown => {
  if (error instanceof Fault) return error
  const chain = listCauses(error)
  const [first] = chain
  if (first === undefined) return error
  const code = codeOf(first)
  if (DUPLICATE.has(code)) return duplicate(collection, error)
  if (code === OUT_OF_DISK_SPACE) return diskFull(error)
  if (code === TOO_LARGE)
    return new Fault('too-large', 'document-too-large', `a ${collection} document is too large`, { cause: error })
  if (code === INVALID_DOCUMENT)
    return new Fault('invalid', 'bad-value', `a ${collection} document breaks what is declared of it`, { cause: error })
  const cause = byCode.get(code) ?? signs.find(([, fits]) => chain.some(fits))?.[0]
  return cause === undefined ? error : unavailable(cause, error)
}

/** The fault of a commit that was sent and never answered. */
export const commitUnknownFault = (cause: unknown): Fault => unavailable('store-commit-unknown', cause)

/** What a server says of itself when asked `hello`. */
export type Hello = {
  readonly setName?: string
  readonly msg?: string
  readonly maxWireVersion?: number
  readonly isWritablePrimary?: boolean
}

/** Wire version of MongoDB 7.0. */
const WIRE_VERSION = 21

/** Throws Fault unavailable when a server cannot keep what the store promises. */
export const requireServer = (hello: Hello): void => {
  const sharded = hello.msg === 'isdbgrid'
  if ((hello.maxWireVersion ?? 0) < WIRE_VERSION) throw unavailable('store-too-old', undefined)
  if (hello.setName === undefined && !sharded) throw unavailable('store-standalone', undefined)
  if (hello.isWritablePrimary !== true) throw unavailable('store-no-primary', undefined)
}
