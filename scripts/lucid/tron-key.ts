import * as crypto from 'node:crypto'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import canonicalize from 'canonicalize'
import { EXIT_NO_PERMISSION } from '#common/cli/sysexits'
import { aeadEngine } from '#common/engines/aead'
import { TronAddress } from '#common/evidence/fields'
import { isOwner } from '#common/evidence/owner'
import { deriveOwner } from '#common/evidence/tron-message'
import { isFault } from '#common/process/fault'
import { utf8 } from '#common/stream/bytes'
import { CliError } from '../cli/fail.ts'

/**
 * A TRON private key sealed with a passphrase: JSON, of which all but `sealed` is the additional data (RFC 8785) of an
 * XChaCha20-Poly1305 whose key is Argon2id (RFC 9106) of the passphrase (NFKC, UTF-8). So neither the address nor a
 * parameter can be changed. The format for this that wallets share, Web3 Secret Storage, knows neither primitive.
 */

/** The second recommended option of RFC 9106 section 4 (64 MiB), above what OWASP asks (19 MiB, 2 passes). */
export const RECOMMENDED: Cost = { memory_kib: 65_536, passes: 3, lanes: 4 }

/** What a foreign file may make us spend at most: 1 GiB. */
const Cost = Type.Object({
  memory_kib: Type.Integer({ minimum: 8, maximum: 1_048_576 }),
  passes: Type.Integer({ minimum: 1, maximum: 16 }),
  lanes: Type.Integer({ minimum: 1, maximum: 16 }),
})
type Cost = Static<typeof Cost>

const hex = (bytes: number) => Type.String({ pattern: `^[0-9a-f]{${bytes * 2}}$` })

const TronKey = Type.Object(
  {
    format: Type.Literal('lucid-tron-key/v1'),
    address: TronAddress,
    kdf: Type.Composite(
      [Type.Object({ name: Type.Literal('argon2id'), version: Type.Literal(19), salt: hex(16) }), Cost],
      { additionalProperties: false },
    ),
    cipher: Type.Object({ name: Type.Literal('xchacha20-poly1305'), nonce: hex(24) }, { additionalProperties: false }),
    sealed: hex(48),
  },
  { additionalProperties: false },
)
/** The document of a key file. */
export type TronKey = Static<typeof TronKey>

/** Of the run-time, whose types do not know it yet: in JavaScript a passphrase takes seven times as long. */
const { argon2Sync } = crypto as unknown as {
  readonly argon2Sync: (name: 'argon2id', options: Readonly<Record<string, number | Uint8Array>>) => Uint8Array
}

const deriveKey = (passphrase: string, { salt, memory_kib, passes, lanes }: TronKey['kdf']): Uint8Array =>
  argon2Sync('argon2id', {
    message: utf8(passphrase.normalize('NFKC')),
    nonce: Uint8Array.fromHex(salt),
    ...{ memory: memory_kib, passes, parallelism: lanes, tagLength: 32 },
  })

const additionalData = ({ format, address, kdf, cipher }: Omit<TronKey, 'sealed'>): Uint8Array =>
  utf8(canonicalize({ format, address, kdf, cipher }) ?? '')

/** Seals a private key of 32 bytes. `random` gives that many fresh bytes. */
export const sealTronKey = async (
  secret: Uint8Array,
  passphrase: string,
  { random, cost = RECOMMENDED }: { readonly random: (size: number) => Uint8Array; readonly cost?: Cost },
): Promise<TronKey> => {
  const head = {
    format: 'lucid-tron-key/v1',
    address: deriveOwner(secret),
    kdf: { name: 'argon2id', version: 19, ...cost, salt: random(16).toHex() },
    cipher: { name: 'xchacha20-poly1305', nonce: random(24).toHex() },
  } as const
  const sealed = await (await aeadEngine()).seal({
    key: deriveKey(passphrase, head.kdf),
    nonce: Uint8Array.fromHex(head.cipher.nonce),
    aad: additionalData(head),
    plain: secret,
  })
  return { ...head, sealed: sealed.toHex() }
}

/** The private key (32 bytes). Throws CliError for another passphrase or a changed file; it never says which. */
export const openTronKey = async (file: TronKey, passphrase: string): Promise<Uint8Array> => {
  const engine = await aeadEngine()
  return engine
    .open({
      key: deriveKey(passphrase, file.kdf),
      nonce: Uint8Array.fromHex(file.cipher.nonce),
      aad: additionalData(file),
      sealed: Uint8Array.fromHex(file.sealed),
    })
    .catch((cause: unknown) => {
      if (!isFault(cause)) throw cause
      throw new CliError('the key does not open: the passphrase is another one, or the file was changed', {
        exitCode: EXIT_NO_PERMISSION,
        cause,
      })
    })
}

/** Reads the text of a key file. Throws CliError when it is none. */
export const parseTronKey = (text: string, path: string): TronKey => {
  try {
    const value: unknown = JSON.parse(text)
    if (Value.Check(TronKey, value) && isOwner(value.address)) return value
  } catch {
    // No JSON is no key file either.
  }
  throw new CliError(`${path} is not a key file of Lucid (lucid-tron-key/v1): bun run lucid key new makes one`)
}
