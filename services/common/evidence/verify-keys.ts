import { Fault, isFault } from '../process/fault.ts'
import { type Check, listFaults } from './check.ts'
import { chunkKeysFor, type Keys } from './keys.ts'
import type { Manifest } from './manifest.ts'
import { openSealedKeys } from './owner-seal.ts'
import { nameRuns, runs } from './placement.ts'
import type { ChunkReport, Unopened } from './verify-chunks.ts'
import { type Documents, line } from './verify-documents.ts'

/** The chunks of a session that are not in the set, in order. */
export const chunksWithout = (count: number, known: ReadonlySet<number>): readonly number[] =>
  Array.from({ length: count }, (_, index) => index).filter((index) => !known.has(index))

const WRONG_KEY = 'aead-failed'

/** Sentences on chunks that are intact and do not open: one for all under another key, one for each that does not unpack. */
const unopenedFaults = (unopened: readonly Unopened[], tried: number, key: string): readonly string[] => {
  const other = unopened.filter(({ code }) => code === WRONG_KEY).map(({ index }) => index)
  const whole = unopened.filter(({ code }) => code !== WRONG_KEY)
  return [
    ...(other.length === 0
      ? []
      : other.length === tried
        ? [`${key} does not fit: it opens none of the chunks (tried: ${tried})`]
        : [`${key} does not open ${nameRuns(runs(other))}: encrypted under another key`]),
    ...whole.map(({ index, detail }) => `chunk ${index} opens and is not what was recorded: ${detail}`),
  ]
}

const strangeKeys = (keys: Keys, { chunk_count }: Manifest): readonly string[] =>
  'session_key' in keys
    ? []
    : Object.keys(keys.chunk_keys)
        .filter((index) => Number(index) >= chunk_count)
        .map((index) => `a key for chunk ${index}, which the session does not have`)

const checkOpened = (
  manifest: Manifest,
  keys: NonNullable<Documents['keys']>,
  { opened, unopened }: Pick<ChunkReport, 'opened' | 'unopened'>,
): readonly Check[] => {
  if ('fault' in keys) return [line('keys', false, keys.fault)]
  const key = 'chunk_keys' in keys.value ? 'its chunk key' : 'the session key'
  const tried = opened.size + unopened.length
  const faults = [...strangeKeys(keys.value, manifest), ...unopenedFaults(unopened, tried, key)]
  if (faults.length > 0) return listFaults('keys', faults)
  const count = manifest.chunk_count
  if (tried === 0) return [line('keys', false, `${key} cannot be checked: no chunk that it opens is intact`)]
  if (opened.size === count) return [line('keys', true, `all chunks opened: ${count} of ${count}`)]
  const missing = nameRuns(runs(chunksWithout(count, opened)))
  return [line('keys', 'incomplete', `${opened.size} of ${count} chunks opened, not ${missing}`)]
}

/** The keys of a bundle, and why what is sealed to the owner stayed closed. */
export type Unlocked = { readonly keys: Documents['keys']; readonly locked?: Fault }

/** True when the keys of keys.json are those of this session key, as far as the session has chunks for them. */
const areOf = (keys: Keys, session_key: string, { session_id, chunk_count }: Manifest): boolean => {
  if ('session_key' in keys) return keys.session_key === session_key
  const keyFor = chunkKeysFor({ session_key }, session_id)
  return Object.entries(keys.chunk_keys).every(
    ([index, key]) => Number(index) >= chunk_count || keyFor(Number(index))?.toHex() === key,
  )
}

/**
 * The keys that open the chunks: those of keys.json, else the one sealed to the owner, which opens also what keys.json
 * does not disclose. `ownerKey` = the owner's X25519 secret key. One that does not open it says nothing against the
 * bundle: it may be the key of somebody else.
 */
export const unlockKeys = (
  manifest: Manifest,
  { keys, sealed }: Pick<Documents, 'keys' | 'sealed'>,
  ownerKey: Uint8Array | undefined,
): Unlocked => {
  if (ownerKey === undefined) return { keys }
  if (sealed === undefined)
    return { keys, locked: new Fault('missing', 'no-keys', 'the bundle holds no keys.sealed.json') }
  if ('fault' in sealed) return { keys }
  try {
    const session_key = openSealedKeys(sealed.value, ownerKey).toHex()
    if (keys !== undefined && 'fault' in keys) return { keys }
    if (keys === undefined) return { keys: { value: { session_key } } }
    if (!areOf(keys.value, session_key, manifest))
      return { keys: { fault: 'keys.json holds another key than keys.sealed.json' } }
    return strangeKeys(keys.value, manifest).length > 0 ? { keys } : { keys: { value: { session_key } } }
  } catch (error) {
    if (isFault(error, 'not-sealed-to-this-key')) return { keys, locked: error }
    throw error
  }
}

const sealedFaults = ({ sealed }: Documents): readonly Check[] =>
  sealed !== undefined && 'fault' in sealed ? [line('keys', false, sealed.fault)] : []

/** The lines on keys: which chunks they open, and why others do not open. None for a bundle without. */
export const checkKeys = (
  manifest: Manifest,
  documents: Documents,
  { keys, locked }: Unlocked,
  { opened, unopened }: ChunkReport,
): readonly Check[] => {
  const closed = [
    ...sealedFaults(documents),
    ...(locked === undefined ? [] : [line('keys', 'skipped', locked.message)]),
  ]
  if (keys === undefined) return closed
  return [...closed, ...checkOpened(manifest, keys, { opened, unopened })]
}
