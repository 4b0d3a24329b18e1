import { type PublicKey, readCleartextMessage, verify } from 'openpgp'
import { CliError } from '../../cli/fail.ts'
import { parseStanza } from './control.ts'

/** What a suite's signed InRelease file says. */
export type Release = {
  readonly codename: string
  /** As written there (RFC 2822). */
  readonly date: string
  readonly validUntil: string | undefined
  readonly files: ReadonlyMap<string, { readonly sha256: string; readonly size: number }>
  /** Fingerprints of the believed keys whose signature holds. */
  readonly signedBy: readonly string[]
}

const filesOf = (field: string | undefined): Release['files'] =>
  new Map(
    (field ?? '').split('\n').flatMap((line) => {
      const [, sha256 = '', size = '', path = ''] = /^\s*([0-9a-f]{64})\s+(\d+)\s+(\S+)$/.exec(line) ?? []
      return path === '' ? [] : [[path, { sha256, size: Number(size) }] as const]
    }),
  )

/** What an InRelease file signs. Throws CliError for no believed key, another suite, or when its time is over. */
export const readRelease = async (
  text: string,
  keys: readonly PublicKey[],
  { suite, now }: { readonly suite: string; readonly now: Date },
): Promise<Release> => {
  const refuse = (why: string): never => {
    throw new CliError(`the InRelease file of ${suite} is not believed: ${why}`)
  }
  const message = await readCleartextMessage({ cleartextMessage: text }).catch(() => refuse('it is not signed'))
  const { signatures, data } = await verify({ message, verificationKeys: [...keys], date: now })
  const signedBy: string[] = []
  for (const { keyID, verified } of signatures) {
    const key = keys.find((one) => one.getKeyIDs().some((id) => id.equals(keyID)))
    if (key !== undefined && (await verified.catch(() => false))) signedBy.push(key.getFingerprint())
  }
  if (signedBy.length === 0) refuse('no key of scripts/images/lock/archive-keys.ts signed it')
  const fields = parseStanza(String(data).replaceAll('\r\n', '\n'))
  const { Codename: codename = '', Date: date = '', 'Valid-Until': validUntil } = fields
  if (codename !== suite) refuse(`it is of ${codename || 'no suite'}`)
  if (validUntil !== undefined && new Date(validUntil) < now)
    refuse(`it was valid until ${validUntil}: the mirror is stale, or somebody holds back updates`)
  return { codename, date, validUntil, files: filesOf(fields['SHA256']), signedBy: signedBy.sort() }
}
