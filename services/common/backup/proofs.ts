import { ed25519 } from '@noble/curves/ed25519.js'
import type { Entry } from './manifest.ts'
import { type BytePath, shownPath } from './path-bytes.ts'
import type { ProofFolder } from './proof-folder.ts'

export type Proof = { readonly what: string; readonly ok: boolean; readonly detail: string }

const SQLITE = 'SQLite format 3\0'

const databases = (files: readonly BytePath[], folder: ProofFolder): readonly Proof[] =>
  files
    .filter((path) => path.startsWith('volumes/') && folder.beginning(path, SQLITE.length) === SQLITE)
    .map((path) => {
      const answer = folder.integrity(path)
      return {
        what: shownPath(path),
        ok: answer === 'ok',
        detail: answer === 'ok' ? 'opens, integrity_check ok' : answer,
      }
    })

const hex32 = /^[0-9a-f]{64}\n?$/
const SECRET = /^host\/secrets\/([^/]+)\/([^/]+)$/

/** What is wrong with a secret, in words that do not show it. */
const secretFault = (key: string, text: string): string | undefined => {
  if (text.trim() === '') return 'is empty'
  if (/_KEY$/.test(key) && key !== 'PRIVATE_KEY' && !hex32.test(text)) return 'is no key of 64 hex digits'
  return undefined
}

const publicKeys = (text: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}

const secrets = (files: readonly BytePath[], folder: ProofFolder): readonly Proof[] => {
  const found = files.flatMap((path) => {
    const [, owner, key] = SECRET.exec(path) ?? []
    return owner === undefined || key === undefined ? [] : [{ owner, key, text: folder.text(path) }]
  })
  if (found.length === 0) return []
  const faults = found.flatMap(({ owner, key, text }) => {
    const fault = secretFault(key, text)
    return fault === undefined ? [] : [`${owner}/${key} ${fault}`]
  })
  const format = {
    what: 'secrets',
    ok: faults.length === 0,
    detail: faults.length === 0 ? `${found.length} of the form they must have` : faults.join('; '),
  }
  const identities = 'host/identities.json'
  if (!files.includes(identities)) return [format]
  const known = publicKeys(folder.text(identities))
  const keys = found.filter(({ key, text }) => key === 'IDENTITY_KEY' && hex32.test(text))
  const strangers = keys.filter(
    ({ owner, text }) => known?.[owner] !== ed25519.getPublicKey(Uint8Array.fromHex(text.trim())).toHex(),
  )
  return [
    format,
    {
      what: 'identities.json',
      ok: known !== undefined && strangers.length === 0,
      detail:
        strangers.length === 0
          ? `fits the ${keys.length} identity keys`
          : `does not fit the key of ${strangers.map(({ owner }) => owner).join(', ')}`,
    },
  ]
}

/** Proves of restored files that they can be used: databases open and check themselves, secrets fit each other. */
export const prove = (entries: readonly Entry[], folder: ProofFolder): readonly Proof[] => {
  const files = entries.filter(({ type }) => type === 'file').map(({ path }) => path)
  return [...databases(files, folder), ...secrets(files, folder)]
}
