import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { derivePublicKey } from '#common/http/identity'
import { Secret } from '#common/process/env'
import { machineRandom } from '#common/process/random'
import { CliError } from '../cli/fail.ts'
import { createFile, makePrivateFolder, replaceFile } from './files.ts'
import type { Home } from './home.ts'

/** Throws when anybody but the owner may read. Windows keeps rights elsewhere and is not checked. */
const requirePrivate = (path: string): void => {
  if (process.platform === 'win32') return
  const mode = statSync(path).mode & 0o777
  if ((mode & 0o077) === 0) return
  const expected = statSync(path).isDirectory() ? '700' : '600'
  throw new CliError(
    `${path} is open to other users (mode ${mode.toString(8)}): run chmod ${expected} on it, and replace the secret if others had access`,
  )
}

/** A secret of the state folder: 32 bytes as hex. Throws CliError when it is absent, open to others or no such thing. */
export const readSecret = (home: Home, owner: string, key: string): Secret => {
  const path = home.secret(owner, key)
  if (!existsSync(path)) throw new CliError(`${path} is missing: bun run up creates it`)
  requirePrivate(dirname(path))
  requirePrivate(path)
  const text = readFileSync(path, 'utf8').trim()
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new CliError(`${path} does not hold 64 lower-case hex digits: restore it from a backup`)
  return new Secret(text)
}

/** Makes a secret of 32 random bytes unless there is one; an existing one is checked and never overwritten. */
export const ensureSecret = (home: Home, owner: string, key: string, draw = machineRandom): Secret => {
  const path = home.secret(owner, key)
  if (!existsSync(path)) {
    makePrivateFolder(home.secrets)
    makePrivateFolder(dirname(path))
    requirePrivate(home.secrets)
    requirePrivate(dirname(path))
    createFile(path, `${draw(32).toHex()}\n`)
  }
  return readSecret(home, owner, key)
}

/** Writes the public identity keys (hex) by name, when they are not already those. */
export const writeIdentities = (home: Home, identities: Readonly<Record<string, Secret>>): void => {
  const peers = Object.fromEntries(Object.entries(identities).map(([name, key]) => [name, derivePublicKey(key)]))
  const text = `${JSON.stringify(peers, undefined, 2)}\n`
  if (existsSync(home.identities) && readFileSync(home.identities, 'utf8') === text) return
  replaceFile(home.identities, text, { durable: true })
}
