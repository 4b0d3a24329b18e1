import type { Check } from './check.ts'
import type { Keys } from './keys.ts'
import type { Manifest } from './manifest.ts'
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

/** The lines on keys.json: which chunks its keys open, and why others do not open. None without keys.json. */
export const checkKeys = (
  manifest: Manifest,
  { keys }: Documents,
  { opened, unopened }: ChunkReport,
): readonly Check[] => {
  if (keys === undefined) return []
  if ('fault' in keys) return [line('keys', false, keys.fault)]
  const partial = 'chunk_keys' in keys.value
  const key = partial ? 'its chunk key' : 'the session key'
  const tried = opened.size + unopened.length
  const faults = [...strangeKeys(keys.value, manifest), ...unopenedFaults(unopened, tried, key)]
  if (faults.length > 0) return faults.map((fault) => line('keys', false, fault))
  const count = manifest.chunk_count
  if (tried === 0) return [line('keys', false, `${key} cannot be checked: no chunk that it opens is intact`)]
  if (opened.size === count) return [line('keys', true, `all chunks opened: ${count} of ${count}`)]
  const missing = nameRuns(runs(chunksWithout(count, opened)))
  return [line('keys', 'incomplete', `${opened.size} of ${count} chunks opened, not ${missing}`)]
}
