import { createHash } from 'node:crypto'

/** Things that look like secrets, in bytes of any kind. Findings never contain what was found. Pure. */

/** `anchor` is searched first, because it is fast; `shape` is then matched where it stands. */
type Pattern = { readonly name: string; readonly anchor: string; readonly shape: RegExp }

/** Shapes are matched from `BACK` bytes before the anchor; what lies further away does not belong to it. */
const BACK = 80
const WINDOW = 400

const patterns: readonly Pattern[] = [
  {
    name: 'a private key in PEM',
    anchor: 'PRIVATE KEY-----',
    shape: /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----(?:\s|\\n|\\r)+(?:[A-Za-z-]+: [^\n]*\n|\s)*[A-Za-z0-9+/=]{40}/,
  },
  { name: 'an npm token', anchor: 'npm_', shape: /(?<![A-Za-z0-9_])npm_[A-Za-z0-9]{36}(?![A-Za-z0-9_])/ },
  { name: 'an npm token', anchor: ':_authToken', shape: /\/\/[^\s=]+:_authToken\s*=\s*["']?[A-Za-z0-9+/=_-]{20}/ },
  { name: 'an npm password', anchor: ':_password', shape: /\/\/[^\s=]+:_password\s*=\s*["']?[A-Za-z0-9+/=]{8}/ },
  { name: 'an AWS access key', anchor: 'AKIA', shape: /(?<![A-Z0-9])AKIA[A-Z2-7]{16}(?![A-Z0-9])/ },
  { name: 'an AWS access key', anchor: 'ASIA', shape: /(?<![A-Z0-9])ASIA[A-Z2-7]{16}(?![A-Z0-9])/ },
  {
    name: 'an AWS secret key',
    anchor: 'aws_secret_access_key',
    shape: /aws_secret_access_key["']?\s*[=:]\s*["']?[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])/,
  },
  { name: 'a GitHub token', anchor: 'gh', shape: /(?<![A-Za-z0-9_])gh[pousr]_[A-Za-z0-9]{36}(?![A-Za-z0-9_])/ },
  { name: 'a GitHub token', anchor: 'github_pat_', shape: /github_pat_[A-Za-z0-9_]{60}/ },
  { name: 'a password of a registry', anchor: '"auth"', shape: /"auth"\s*:\s*"[A-Za-z0-9+/]{12,}={0,2}"/ },
]

/** A name that speaks of a secret, and 64 hex digits as its value: how all secrets of Lucid are written. */
const NAMED =
  /([A-Za-z0-9_]*(?:key|secret|password|passwd|token|mnemonic|seed)[A-Za-z0-9_]*)["'`]?\s{0,4}[:=]\s{0,4}["'`]?(?:0x)?[0-9a-f]{64}(?![0-9a-f])/gi

const HEX = /(?<![0-9a-f])(?:0x)?([0-9a-f]{64})(?![0-9a-f])/gi

/** Names of values that are public by their nature, though they speak of keys. */
const PUBLIC = /public|digest|hash|sha256|trusted/i

const fromPatterns = (file: Buffer): readonly string[] =>
  patterns.flatMap(({ name, anchor, shape }) => {
    // `gh` alone would be found everywhere; the underscore is two bytes further on.
    for (let at = file.indexOf(anchor, 0, 'latin1'); at >= 0; at = file.indexOf(anchor, at + anchor.length, 'latin1')) {
      if (anchor === 'gh' && file[at + 3] !== 0x5f) continue
      const from = Math.max(0, at - BACK)
      if (shape.test(file.subarray(from, at + WINDOW).toString('latin1'))) return [name]
    }
    return []
  })

const DIGITS = 64
/** Longer runs are tables of constants. */
const LONGEST = 4096

const isHex = (byte: number | undefined): boolean =>
  byte !== undefined &&
  ((byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66) || (byte >= 0x41 && byte <= 0x46))

/** Runs of at least 64 hex digits and what stands before them, where the searches can hit: looked for 64 apart. */
const hexPlaces = function* (file: Buffer): Generator<string> {
  for (let at = DIGITS - 1; at < file.length; at += DIGITS) {
    if (!isHex(file[at])) continue
    let [from, to] = [at, at + 1]
    while (isHex(file[from - 1])) from--
    while (isHex(file[to])) to++
    if (to - from >= DIGITS && to - from <= LONGEST)
      yield file.subarray(Math.max(0, from - BACK), Math.min(file.length, to + 1)).toString('latin1')
    at = Math.max(at, to)
  }
}

/** What a secret is known by: SHA-256 of its lower-case hex digits, as hex. */
export const fingerprint = (hex: string): string => createHash('sha256').update(hex.toLowerCase()).digest('hex')

/** Secrets of this machine: fingerprint to its name, `owner/KEY`. */
export type Fingerprints = ReadonlyMap<string, string>

/** What was found, once each: `what`, without the value. */
export const findSecrets = (file: Buffer, own: Fingerprints): readonly string[] => {
  const found = new Set(fromPatterns(file))
  for (const place of hexPlaces(file)) {
    for (const [, name = ''] of place.matchAll(NAMED))
      if (!PUBLIC.test(name)) found.add(`64 hex digits as ${name.slice(-40)}`)
    if (own.size > 0)
      for (const [, hex = ''] of place.matchAll(HEX)) {
        const name = own.get(fingerprint(hex))
        if (name !== undefined) found.add(`this machine's secret ${name}`)
      }
  }
  return [...found]
}
