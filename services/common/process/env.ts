import { type Static, type TObject, type TProperties, type TSchema, type TUnsafe, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { catalog, type Entry, type ServiceName } from '#services/catalog'
import { errorMessage } from './error.ts'

/** A value that prints as `[redacted]` wherever it is printed; only `reveal()` gives it away. */
export class Secret {
  readonly #value: string
  constructor(value: string) {
    this.#value = value
  }
  reveal(): string {
    return this.#value
  }
  toString(): string {
    return '[redacted]'
  }
  toJSON(): string {
    return '[redacted]'
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[redacted]'
  }
}

/** 32 random bytes as 64 hex digits, generated on first start, read as a `Secret`. */
export const secret = ({ description }: { readonly description: string }) =>
  // A string in the environment that readEnv hands out as a Secret; Type.Unsafe has no checker by itself.
  Type.String({ pattern: '^[0-9a-f]{64}$', secret: true, description }) as unknown as TUnsafe<Secret>

/** A text that only its owner can give (an address with a password in it, a private key), read as a `Secret`. */
export const credential = ({ pattern, description }: { readonly pattern: string; readonly description: string }) =>
  Type.String({ pattern, secret: 'given', description }) as unknown as TUnsafe<Secret> // as `secret`

/** True for what is generated on first start, false also for a credential. */
export const isSecretKey = (schema: TSchema): boolean => schema['secret'] === true

const isHidden = (schema: TSchema): boolean => schema['secret'] !== undefined

type NeedUrl<N extends string> = `${Uppercase<N> extends infer U extends string ? Snake<U> : never}_URL`
type Snake<S extends string> = S extends `${infer A}-${infer B}` ? `${A}_${Snake<B>}` : S
type Needs<N extends ServiceName> = (typeof catalog)[N]['needs'][number]
type PortOf<N extends ServiceName> = (typeof catalog)[N] extends { readonly ports: infer P } ? keyof P & string : never
type NeedPort<N extends ServiceName> = N extends ServiceName ? `${Snake<Uppercase<N>>}_${Uppercase<PortOf<N>>}` : never

/** The environment key under which a service finds one that it needs, e.g. `BLOCKCHAIN_VM_URL`. */
export const urlKey = (need: string): string => `${need.toUpperCase().replaceAll('-', '_')}_URL`

/** The key under which a service finds the number of one of its own further `ports`, e.g. `SOCKS_PORT`. */
export const portKey = (port: string): string => `${port.toUpperCase()}_PORT`

/** The key under which a service finds a further port of one that it needs, e.g. `API_GATEWAY_ONION`. */
export const needPortKey = (need: string, port: string): string =>
  `${need.toUpperCase().replaceAll('-', '_')}_${port.toUpperCase()}`

const portsOf = (name: ServiceName): readonly (readonly [port: string, number: number])[] => {
  const { ports = {} }: Entry = catalog[name]
  return Object.entries(ports)
}

const common = (name: ServiceName) => ({
  LUCID_ENV: Type.Union([Type.Literal('production'), Type.Literal('development')], {
    default: 'production',
    description: 'production or development',
  }),
  LUCID_PLANE: Type.String({ default: catalog[name].plane, description: 'network plane of this stack' }),
  CLUSTER_ID: Type.String({
    default: 'lucid-cluster-001',
    pattern: '^[a-z0-9-]{1,63}$',
    description: 'name of the cluster, shown in labels and logs',
  }),
  LOG_LEVEL: Type.Union([Type.Literal('info'), Type.Literal('warn'), Type.Literal('error'), Type.Literal('silent')], {
    default: 'info',
    description: 'least level that is logged',
  }),
  HOST: Type.String({ default: '0.0.0.0', description: 'address to listen on' }),
  PORT: Type.Integer({
    default: catalog[name].port,
    minimum: 0,
    maximum: 65535,
    description: 'TCP port to listen on; 0 takes a free one',
  }),
  LUCID_DATA: Type.String({ default: `/data/${name}`, description: "folder of the service's own data" }),
  IDENTITY_KEY: secret({ description: 'Ed25519 key with which the service signs its tokens' }),
  IDENTITY_PEERS_FILE: Type.String({
    default: '/run/lucid/identities.json',
    description: 'public keys of all identities, by name',
  }),
})

/** Of services that keep documents: where, when not in their own folder. */
const storeKeys = () => ({
  MONGO_URL: Type.Optional(
    credential({
      pattern: '^mongodb(\\+srv)?://.',
      description:
        'database as mongodb://HOST:27017/lucid?replicaSet=rs0&authSource=admin; without it documents are kept in LUCID_DATA',
    }),
  ),
  MONGO_USER: Type.Optional(Type.String({ minLength: 1, description: 'who logs in, when MONGO_URL does not say it' })),
  MONGO_PASSWORD: Type.Optional(secret({ description: 'password of MONGO_USER' })),
  MONGO_TLS_CA: Type.Optional(
    Type.String({
      pattern: '^-----BEGIN ',
      description: 'PEM of who signed the certificate of the database, best given as MONGO_TLS_CA_FILE; turns TLS on',
    }),
  ),
  MONGO_TLS_CERT: Type.Optional(
    Type.String({ pattern: '^-----BEGIN ', description: 'PEM of a certificate of our own, with MONGO_TLS_KEY' }),
  ),
  MONGO_TLS_KEY: Type.Optional(
    credential({ pattern: '^-----BEGIN ', description: 'PEM of its key, best given as MONGO_TLS_KEY_FILE' }),
  ),
  MONGO_TIMEOUT_MS: Type.Integer({
    default: 10_000,
    minimum: 100,
    maximum: 120_000,
    description: 'longest wait for an answer of the database, ms',
  }),
  MONGO_POOL_MAX: Type.Integer({
    default: 10,
    minimum: 1,
    maximum: 1000,
    description: 'connections to the database at most',
  }),
})

/** Where documents are, for whoever opens stores without being a service. */
export const StoreEnv = Type.Object(storeKeys())
export type StoreEnv = Static<typeof StoreEnv>

const urlsOf = (names: readonly string[]): TProperties =>
  Object.fromEntries(
    names.map((one) => [
      urlKey(one),
      Type.String({
        default: `http://${one}:${catalog[one as ServiceName].port}`,
        pattern: '^https?://',
        description: `where ${one} answers`,
      }),
    ]),
  )

/** The keys under which a service finds those whose public documents it `reads`. */
export const readUrls = (name: ServiceName): TProperties => urlsOf((catalog[name] as Entry).reads ?? [])

const ownPorts = (name: ServiceName): TProperties =>
  Object.fromEntries(
    portsOf(name).map(([port, number]) => [
      portKey(port),
      Type.Integer({ default: number, minimum: 0, maximum: 65535, description: `TCP port for ${port}` }),
    ]),
  )

const needPorts = (name: ServiceName): TProperties =>
  Object.fromEntries(
    catalog[name].needs.flatMap((need: ServiceName) =>
      portsOf(need).map(([port, number]) => [
        needPortKey(need, port),
        Type.String({
          default: `${need}:${number}`,
          pattern: '^[A-Za-z0-9.-]+:[0-9]{1,5}$',
          description: `where ${need} speaks ${port}, as HOST:PORT`,
        }),
      ]),
    ),
  )

/**
 * The environment of a service: the common keys, `<NEED>_URL` for everything the catalogue says it needs,
 * further ports of its own and of those, where its documents are if it keeps any, and its own keys. `scripts/derive/derive` writes the example files from it.
 */
export const serviceEnv = <N extends ServiceName, P extends TProperties>(name: N, own: P) =>
  Type.Object({
    ...common(name),
    ...urlsOf(catalog[name].needs),
    ...ownPorts(name),
    ...needPorts(name),
    ...(catalog[name].store ? storeKeys() : {}),
    ...own,
  }) as unknown as TObject<
    // Needed: the keys of urlsOf and of the ports are computed from the catalogue, in the type likewise.
    ReturnType<typeof common> & { [K in Needs<N> as NeedUrl<K>]: ReturnType<typeof Type.String> } & {
      [K in PortOf<N> as `${Uppercase<K>}_PORT`]: ReturnType<typeof Type.Integer>
    } & { [K in NeedPort<Needs<N>>]: ReturnType<typeof Type.String> } & P
  >

export type Source = Readonly<Record<string, string | undefined>>
export type ReadFile = (path: string) => string

/** All faults of an environment at once, one a line, each naming its key and never its value. */
export class EnvError extends Error {
  override readonly name = 'EnvError'
  readonly faults: readonly string[]
  constructor(faults: readonly string[]) {
    super(`environment: ${faults.join('; ')}`)
    this.faults = faults
  }
}

const rawValue = (key: string, source: Source, readFile: ReadFile): string | undefined => {
  const value = source[key]
  const path = source[`${key}_FILE`]
  if (value !== undefined && path !== undefined) throw new Error(`${key} and ${key}_FILE are both set; keep one`)
  if (path === undefined) return value
  try {
    return readFile(path).trim()
  } catch {
    throw new Error(`${key}_FILE names a file that cannot be read: ${path}`)
  }
}

/** TypeBox would cut the fraction off an integer; here a value is what it says or a fault. */
const converted = (schema: TSchema, raw: string): unknown =>
  schema['type'] === 'integer' && !/^-?[0-9]+$/.test(raw) ? raw : Value.Convert(schema, raw)

const explain = (schema: TSchema): string =>
  isSecretKey(schema)
    ? '64 lower-case hex digits'
    : Array.isArray(schema['anyOf'])
      ? `one of ${schema['anyOf'].map((one: TSchema) => one['const']).join(', ')}`
      : [
          schema['type'],
          schema['pattern'] && `matching ${schema['pattern']}`,
          schema['minimum'] !== undefined && `from ${schema['minimum']}`,
          schema['maximum'] !== undefined && `to ${schema['maximum']}`,
        ]
          .filter(Boolean)
          .join(' ')

/** Reads the named keys or their `_FILE` (Docker secrets), fills defaults. Throws EnvError that lists every fault. */
export const readEnv = <T extends TObject>(schema: T, source: Source, readFile: ReadFile): Static<T> => {
  const faults: string[] = []
  const values: Record<string, unknown> = {}
  for (const [key, property] of Object.entries(schema.properties)) {
    try {
      const raw = rawValue(key, source, readFile)
      const value = raw === undefined ? property['default'] : converted(property, raw)
      const optional = !schema.required?.includes(key)
      if (value === undefined && optional) continue
      if (value === undefined) throw new Error(`${key} is missing: ${property['description'] ?? explain(property)}`)
      if (!Value.Check(property, value)) throw new Error(`${key} must be ${explain(property)}`)
      values[key] = isHidden(property) ? new Secret(String(value)) : value
    } catch (error) {
      faults.push(errorMessage(error))
    }
  }
  if (faults.length > 0) throw new EnvError(faults)
  return values as Static<T>
}

/** One key of an environment: of a secret only that it was given. */
export type Setting = { readonly key: string; readonly value?: string; readonly secret?: boolean }

/** Longest value that is shown. */
const LONGEST_VALUE = 500

/** What a service runs with, by key. A value that is an address never shows who logs in there. */
export const describeEnv = (schema: TObject, env: Readonly<Record<string, unknown>>): readonly Setting[] =>
  Object.entries(schema.properties).flatMap(([key, property]): readonly Setting[] => {
    const value = env[key]
    if (value === undefined) return []
    if (isHidden(property) || value instanceof Secret) return [{ key, secret: true }]
    return [
      {
        key,
        value: String(value)
          .replaceAll(/\/\/[^/@]*@/g, '//[redacted]@')
          .slice(0, LONGEST_VALUE),
      },
    ]
  })
