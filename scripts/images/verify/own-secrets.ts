import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Fingerprints, fingerprint } from './secrets.ts'

/** Fingerprints of the secrets in a state folder (`secrets/<owner>/<KEY>`); empty when there is none. */
export const ownSecrets = (secrets: string): Fingerprints => {
  if (!existsSync(secrets)) return new Map()
  const files = readdirSync(secrets, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => readdirSync(join(secrets, name)).map((key) => `${name}/${key}`))
  return new Map(
    files.flatMap((name) => {
      const text = readFileSync(join(secrets, ...name.split('/')), 'utf8').trim()
      return /^[0-9a-f]{64}$/i.test(text) ? [[fingerprint(text), name] as const] : []
    }),
  )
}
