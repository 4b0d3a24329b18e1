import { type Static, Type } from '@sinclair/typebox'
import { blake3 } from '../engines/blake3.ts'
import { canonicalBytes } from '../evidence/canonical-json.ts'
import { Hex64, Natural } from '../evidence/fields.ts'
import { signHash, verifyHash } from '../evidence/signature.ts'
import { concat, fromHex, utf8 } from '../stream/bytes.ts'
import type { Target } from './target.ts'

/** In the folder of a service: its data came from a backup. The service takes the file up at its next start. */
export const RESTORE_FILE = 'restored.json'

/** Which backup, the state of when, and when that was restored (epoch ms), by the operator's word where his key was at hand. */
export const RestoreMark = Type.Object({
  backup: Type.String({ maxLength: 128 }),
  state_of: Natural,
  restored_at: Natural,
  signature: Type.Optional(Hex64),
})
export type RestoreMark = Static<typeof RestoreMark>

const DOMAIN = utf8('lucid/restore/v1\0')

const hashMark = (service: string, { signature: _, ...mark }: RestoreMark): Uint8Array =>
  blake3(concat(DOMAIN, canonicalBytes({ service, ...mark })))

/** Ed25519 of the operator's identity over BLAKE3("lucid/restore/v1" 0x00 || RFC 8785 JSON of { service, ...mark }). */
export const signMark = (service: string, mark: RestoreMark, seed: Uint8Array): RestoreMark => ({
  ...mark,
  signature: signHash(hashMark(service, mark), seed).toHex(),
})

/** True when the operator (public key, hex) says of this very service that it was restored. */
export const verifyMark = (service: string, mark: RestoreMark, operator: string | undefined): boolean =>
  mark.signature !== undefined &&
  operator !== undefined &&
  verifyHash(hashMark(service, mark), fromHex(mark.signature), fromHex(operator))

/** Who is told of a restore. `seed` = of the operator's identity key; undefined where it is not at hand. */
export type Telling = {
  readonly services: readonly string[]
  readonly seed: () => Uint8Array | undefined
  readonly now: () => number
}

/** Leaves the mark with each of these services whose folder is in a volume here, durable; answers with which. */
export const leaveMarks = (
  target: Pick<Target, 'names' | 'tell'>,
  { backup, state_of }: Pick<RestoreMark, 'backup' | 'state_of'>,
  { services, seed, now }: Telling = { services: [], seed: () => undefined, now: () => 0 },
): { readonly told: readonly string[]; readonly signed: boolean } => {
  const key = seed()
  const mark = { backup, state_of, restored_at: now() }
  const told = target.names('volumes').flatMap((volume) =>
    services.filter((service) => {
      const text = JSON.stringify(key === undefined ? mark : signMark(service, mark, key))
      return target.tell(`volumes/${volume}/${service}/${RESTORE_FILE}`, text)
    }),
  )
  return { told, signed: key !== undefined }
}
