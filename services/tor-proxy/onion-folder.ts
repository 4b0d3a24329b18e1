import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { syncFolder } from '#common/process/sync-folder'
import {
  derivePublicKey,
  expandedSecret,
  onionAddress,
  publicFile,
  readSecretFile,
  secretFile,
} from './onion-address.ts'

/** Writes a file that is there whole or not at all, for the owner alone. */
const put = (folder: string, name: string, bytes: Uint8Array): void => {
  const next = join(folder, `${name}.next`)
  const file = openSync(next, 'w', 0o600)
  try {
    writeSync(file, bytes)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(next, join(folder, name))
  syncFolder(folder)
}

/** The address of the onion in `folder`; without a key one is made of `seed`, durably. Throws when it holds no key. */
export const openOnionFolder = (folder: string, seed: () => Uint8Array): string => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  const path = join(folder, 'hs_ed25519_secret_key')
  if (!existsSync(path)) put(folder, 'hs_ed25519_secret_key', secretFile(expandedSecret(seed())))
  chmodSync(path, 0o600)
  const publicKey = derivePublicKey(readSecretFile(readFileSync(path)))
  const address = onionAddress(publicKey)
  put(folder, 'hs_ed25519_public_key', publicFile(publicKey))
  put(folder, 'hostname', new TextEncoder().encode(`${address}\n`))
  return address
}

/** Writes the addresses, by name, where other services may read them. */
export const publishAddresses = (folder: string, addresses: Readonly<Record<string, string>>): void => {
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  put(folder, 'addresses.json', new TextEncoder().encode(`${JSON.stringify(addresses, undefined, 2)}\n`))
  chmodSync(join(folder, 'addresses.json'), 0o644)
}
