import { catalog, defaults, type Entry, type Plane, type Stack } from '#catalog'
import { derivedSecrets } from './derived-secrets.ts'

/** The part of a TypeBox property that an example needs. */
export type EnvProperty = { readonly [key: string]: unknown }
export type EnvSchema = {
  readonly properties: Readonly<Record<string, EnvProperty>>
  readonly required?: readonly string[]
}

/** LUCID_PLANE of each stack's file (SPEC section 2); Compose sets it again where a service differs. */
const planes: Readonly<Record<Stack, Plane>> = {
  core: 'ops',
  sessions: 'chain',
  blockchain: 'chain',
  integration: 'ops',
}

/** What the Compose files themselves read, on top of the services. Given once, with the core stack. */
const composeKeys: readonly (readonly [key: string, value: string, about: string])[] = [
  ['LUCID_ENV', 'production', 'production or development'],
  ['CLUSTER_ID', 'lucid-cluster-001', 'name of the cluster, in labels and logs of every stack'],
  ['LUCID_MOUNT_PATH', defaults.LUCID_MOUNT_PATH, 'state folder on the host: secrets/<service>/<KEY>, identities.json'],
  ['LUCID_IMAGE_REPO', defaults.LUCID_IMAGE_REPO, 'repository of the images, without a tag'],
  [
    'LUCID_MONGO_URL',
    defaults.LUCID_MONGO_URL,
    'database of every service that keeps documents, without user and password',
  ],
]

/** These belong to one service each and their defaults are right: a stack's file would give them to all. */
const perService = new Set(['PORT', 'LUCID_DATA', 'LUCID_PLANE'])
/** Ports inside a container are the catalogue's, and Compose publishes those. */
const isOwnPort = (key: string): boolean => key.endsWith('_PORT')

const isSecret = (property: EnvProperty) => property['secret'] === true

/** Values with blanks or signs that a shell or Compose would read are put in single quotes. */
export const envValue = (value: unknown): string => {
  const text = String(value)
  return /^[\w.,:/@%+=-]*$/.test(text) ? text : `'${text.replaceAll("'", "\\'")}'`
}

const choices = (property: EnvProperty): string | undefined =>
  Array.isArray(property['anyOf'])
    ? `one of ${property['anyOf'].map((one: EnvProperty) => String(one['const'])).join(', ')}`
    : undefined

const bounds = ({ minimum, maximum }: EnvProperty): string | undefined =>
  minimum !== undefined && maximum !== undefined
    ? `${minimum} to ${maximum}`
    : minimum !== undefined
      ? `at least ${minimum}`
      : maximum !== undefined
        ? `at most ${maximum}`
        : undefined

/** What a key of a service follows from on the host, owner/key or a file; undefined when the service is to be told it. */
const sourceOf = ({ service }: Use, key: string): string | undefined => {
  const of = derivedSecrets[service]?.[key]?.of
  if (of !== undefined) return `${of.owner}/${of.key}`
  return (catalog as Readonly<Record<string, Entry>>)[service]?.hostFiles?.[key]
}

/** One key as the services of a stack declare it. */
type Use = { readonly service: string; readonly property: EnvProperty; readonly required: boolean }

const assignment = (key: string, uses: readonly Use[]): readonly string[] => {
  const values = new Set(uses.map(({ property }) => property['default']))
  const [value] = values
  if (uses.some(({ property }) => isSecret(property)))
    return [`# ${key}_FILE=/run/secrets/${key} (set by Compose; the value never stands here)`]
  const [source] = uses.flatMap((use) => sourceOf(use, key) ?? [])
  if (source !== undefined) return [`# ${key}_FILE (set by Compose; the host has it from ${source}: leave it out)`]
  if (values.size > 1)
    return uses.map(({ service, property }) => `# ${key}=${envValue(property['default'] ?? '')} (${service})`)
  if (value !== undefined) return [`${key}=${envValue(value)}`]
  return [uses.some(({ required }) => required) ? `${key}=` : `# ${key}=`]
}

const entryOf = (key: string, uses: readonly Use[], members: number): string => {
  const [first] = uses
  const property = first?.property ?? {}
  const notes = [
    String(property['description'] ?? key),
    choices(property) !== property['description'] ? (choices(property) ?? bounds(property)) : bounds(property),
    uses.some(({ required, property: p }) => required && p['default'] === undefined && !isSecret(p)) &&
      uses.every((use) => sourceOf(use, key) === undefined) &&
      'required',
    uses.length < members && `read by ${uses.map(({ service }) => service).join(', ')}`,
  ].filter((note) => typeof note === 'string' && note !== '')
  return [`# ${notes.join('; ')}`, ...assignment(key, uses)].join('\n')
}

const byKey = (schemas: Readonly<Record<string, EnvSchema>>): ReadonlyMap<string, Use[]> => {
  const uses = new Map<string, Use[]>()
  for (const [service, { properties, required = [] }] of Object.entries(schemas))
    for (const [key, property] of Object.entries(properties)) {
      const users = uses.get(key) ?? []
      uses.set(key, [...users, { service, property, required: required.includes(key) }])
    }
  return uses
}

/**
 * The example of `env/.env.<stack>`: every key that its services declare, with defaults and bounds. Secrets
 * are named, never given. Undefined when the stack has neither services nor keys of its own.
 */
export const renderEnvExample = (stack: Stack, schemas: Readonly<Record<string, EnvSchema>>): string | undefined => {
  const members = Object.keys(schemas).length
  if (members === 0 && stack !== 'core') return undefined
  const own = stack === 'core' ? composeKeys : []
  const ownKeys = new Set(own.map(([key]) => key))
  const entries = [...byKey(schemas)].filter(([key]) => !perService.has(key) && !isOwnPort(key) && !ownKeys.has(key))
  return `${[
    [
      `# Example of env/.env.${stack}: copy it there, without ".example", and change what you need.`,
      '# Written by `bun run derive` from the Env schemas of the services; do not edit this file.',
    ].join('\n'),
    `# network plane of this stack\nLUCID_PLANE=${planes[stack]}`,
    ...own.map(([key, value, about]) => `# ${about}\n${key}=${envValue(value)}`),
    ...entries.map(([key, uses]) => entryOf(key, uses, members)),
  ].join('\n\n')}\n`
}
