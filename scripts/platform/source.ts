import { join } from 'node:path'
import { catalog, clients, type Entry, type Stack, stacks, type stock } from '#catalog'
import { deriveAddress } from '#common/ethereum/address'
import type { Secret } from '#common/process/env'
import { derivedSecrets } from '../derive/derived-secrets.ts'
import { type Home, repository } from './home.ts'

/** Reads or makes a secret: owner, key. */
export type Keys = (owner: string, key: string) => Secret

/** What a platform is made of. The product has one; the tests of the supervisor have small ones. */
export type PlatformSource = {
  readonly catalogue: Readonly<Record<string, Entry>>
  readonly order: readonly Stack[]
  readonly services: string
  /** Secrets of identities that are no service. */
  readonly clientKeys: Readonly<Record<string, readonly string[]>>
  /** Secrets of containers that are not ours; made with the others, for whoever starts them. */
  readonly stockKeys: Readonly<Record<string, readonly string[]>>
  /** Values of a service's environment that follow from another service's secret or from the state folder. */
  readonly derived: Readonly<Record<string, Readonly<Record<string, (keys: Keys, home: Home) => string>>>>
}

const clientKeys = Object.fromEntries(
  Object.keys(clients).map((name) => [name, name === 'operator' ? ['IDENTITY_KEY', 'OWNER_KEY'] : ['IDENTITY_KEY']]),
)

/** What a recording and its proof pass through; the rest of the platform would only take time. */
export const RECORDING = ['sessions', 'blockchain'] as const satisfies readonly Stack[]

/** Lucid itself. */
export const lucid: PlatformSource = {
  catalogue: catalog,
  order: stacks,
  services: join(repository, 'services'),
  clientKeys,
  stockKeys: { mongo: ['KEYFILE', 'ROOT_PASSWORD'] } satisfies Record<keyof typeof stock, readonly string[]>,
  derived: {
    // The contract takes anchors from the account of the client's key and from nobody else.
    ...Object.fromEntries(
      Object.entries(derivedSecrets).map(([service, row]) => [
        service,
        Object.fromEntries(
          Object.entries(row).map(([key, { of }]) => [
            key,
            (keys: Keys) => deriveAddress(keys(of.owner, of.key).reveal()),
          ]),
        ),
      ]),
    ),
    // In a container this is a volume of its own.
    'tor-proxy': { ONION_STATE: (_, home) => join(home.data('tor-proxy'), 'addresses') },
  },
}
