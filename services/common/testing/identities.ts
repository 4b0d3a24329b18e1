import { type CallerName, catalog, clients, type ServiceName } from '#services/catalog'
import { callersOf, derivePublicKey, type Guard, type Peers, type Sign, signer, verifier } from '../http/identity.ts'
import { Secret } from '../process/env.ts'

/** Real identities of everybody in the catalogue, fresh for each test. */
export type Identities = {
  readonly sign: (caller: CallerName) => Sign
  readonly guard: (callee: ServiceName) => Guard
  readonly key: (caller: CallerName) => Secret
  readonly peers: Peers
}

const randomKey = () => new Secret(crypto.getRandomValues(new Uint8Array(32)).toHex())

/** Keys for all; services then accept and refuse each other as they do in life. */
export const identities = (): Identities => {
  const names = [...Object.keys(catalog), ...Object.keys(clients)] as CallerName[]
  const keys = new Map(names.map((name) => [name, randomKey()]))
  const key = (name: CallerName) => keys.get(name) ?? randomKey()
  const peers: Peers = Object.fromEntries(names.map((name) => [name, derivePublicKey(key(name))]))
  return {
    key,
    peers,
    sign: (caller) => signer({ name: caller, key: key(caller) }),
    guard: (callee) => verifier({ callee, callers: callersOf(callee), peers }),
  }
}
