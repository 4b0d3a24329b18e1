import type { Entry, Stock } from '#catalog'
import type { HostSpec, Wish } from '#common/host/provision-model'
import { derivedSecrets } from '../../derive/derived-secrets.ts'

/** Users that files and volumes belong to: all our containers run as one, mongod as its image's own. */
const OURS = 65532
const MONGOD = 999

type Keys = Readonly<Record<string, readonly string[]>>

/** Names of secrets and of what has them; nothing of a value. */
export type SecretNames = {
  readonly services: Keys
  /** The same of identities that are no service. */
  readonly clients: Keys
  /** The same of containers that are not ours. */
  readonly stock: Keys
}

const owners: Readonly<Record<string, number>> = { 'mongo/KEYFILE': MONGOD }

const random = (owner: string, key: string): Wish => ({
  owner,
  key,
  uid: owners[`${owner}/${key}`] ?? OURS,
  mode: 0o400,
  kind: 'random',
})

const randomOf = (keys: Keys): readonly Wish[] =>
  Object.entries(keys).flatMap(([owner, names]) => names.map((key) => random(owner, key)))

const derivedOf = (services: Keys): readonly Wish[] =>
  Object.keys(services).flatMap((owner) =>
    Object.entries(derivedSecrets[owner] ?? {}).map(([key, row]) => ({
      owner,
      key,
      uid: OURS,
      mode: 0o400 as const,
      ...row,
    })),
  )

/** All that a host must have under secrets/, and who is in its identities.json. */
export const makePrepareSpec = (
  { services, clients, stock }: SecretNames,
  { hasData }: { readonly hasData: boolean },
): HostSpec => ({
  secrets: [...randomOf(services), ...randomOf(clients), ...randomOf(stock), ...derivedOf(services)],
  identities: [...Object.keys(services), ...Object.keys(clients)],
  uid: OURS,
  hasData,
})

/** User and group that everything in a named volume belongs to, by volume. */
export const volumeOwners = (
  services: Readonly<Record<string, Pick<Entry, 'volumes'>>>,
  stock: Readonly<Record<string, Pick<Stock, 'volumes'>>>,
): Readonly<Record<string, number>> =>
  Object.fromEntries([
    ...Object.values(services).flatMap(({ volumes }) => Object.keys(volumes).map((name) => [name, OURS])),
    ...Object.values(stock).flatMap(({ volumes }) => Object.keys(volumes).map((name) => [name, MONGOD])),
  ])
