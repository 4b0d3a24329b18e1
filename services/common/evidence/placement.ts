/** What is wrong with the order of chunks, in words. `holds`: which chunk (by the manifest) stands at each place. */

/** What stands in a sequence: chunks of a bundle, or rows of its manifest. */
type Noun = 'chunk' | 'row'

/** So many of a kind are named one by one. */
const NAMED = 8

const list = (numbers: readonly number[]): string =>
  numbers.length === 1 ? `${numbers[0]}` : `${numbers.slice(0, -1).join(', ')} and ${numbers.at(-1)}`

const plural = (numbers: readonly number[], noun: Noun): string =>
  `${noun}${numbers.length === 1 ? '' : 's'} ${list(numbers)}`

/** Runs of neighbours as `3` or `5 to 9`. */
export const runs = (indices: readonly number[]): readonly (readonly [from: number, to: number])[] => {
  const found: [number, number][] = []
  for (const index of indices) {
    const last = found.at(-1)
    if (last !== undefined && last[1] + 1 === index) last[1] = index
    else found.push([index, index])
  }
  return found
}

const named = ([from, to]: readonly [number, number], noun: Noun = 'chunk'): string =>
  from === to ? `${noun} ${from}` : `${noun}s ${from} to ${to}`

/** Runs in words: `chunk 3, chunks 5 to 9`; of very many the first eight. */
export const nameRuns = (found: ReturnType<typeof runs>): string =>
  [
    ...found.slice(0, NAMED).map((run) => named(run)),
    ...(found.length > NAMED ? [`and ${found.length - NAMED} more runs of chunks`] : []),
  ].join(', ')

/** Sentences for chunks that stand in another order than 0, 1, 2 ..; pairs that changed places are named as swapped. */
const orderFaults = (sequence: readonly number[], noun: Noun): readonly string[] => {
  const sorted = sequence.toSorted((a, b) => a - b)
  const placeOf = new Map(sorted.map((chunk, place) => [chunk, place]))
  const displaced = sequence.filter((chunk, place) => sorted[place] !== chunk)
  const partner = (chunk: number): number | undefined => sequence[placeOf.get(chunk) ?? -1]
  const isSwap = (chunk: number) => {
    const other = partner(chunk)
    return other !== undefined && partner(other) === chunk
  }
  const swaps = displaced.filter((chunk) => isSwap(chunk) && chunk < (partner(chunk) ?? -1)).toSorted((a, b) => a - b)
  const moved = displaced.filter((chunk) => !isSwap(chunk))
  return [
    ...swaps.map((chunk) => `${noun}s ${chunk} and ${partner(chunk)} swapped`),
    ...(moved.length === 0
      ? []
      : [`${plural(moved.slice(0, 8), noun)}${moved.length > 8 ? ` and ${moved.length - 8} more` : ''} out of order`]),
  ]
}

/** The sentence on a chunk that stands at several places; one for all of them, for a forger can repeat it without end. */
const repeatFault = (one: number, [first, ...places]: readonly [number, ...number[]], noun: Noun): string => {
  const more = places.length - NAMED
  const where = more > 0 ? `${places.slice(0, NAMED).join(', ')} and ${more} more` : list(places)
  return `${noun} ${one} is duplicated: it stands at place ${first} and again at place${places.length === 1 ? '' : 's'} ${where}`
}

/**
 * Sentences for missing, duplicated and displaced chunks. `holds` = for each place in order the chunk that
 * stands there; `count` = chunks that the manifest states; `cut` = the file was truncated, so that what is
 * missing at its end is cut off and not dropped; `noun` = what they are called.
 */
export const placementFaults = (
  holds: readonly number[],
  { count, cut, noun = 'chunk' }: { readonly count: number; readonly cut: boolean; readonly noun?: Noun },
): readonly string[] => {
  const seen = new Set(holds)
  const absent = Array.from({ length: count }, (_, chunk) => chunk).filter((chunk) => !seen.has(chunk))
  const replaced = new Set<number>()
  const first = new Map<number, number>()
  const again = new Map<number, [first: number, ...places: number[]]>()
  const duplicates: string[] = []
  for (const [place, chunk] of holds.entries()) {
    const earlier = first.get(chunk)
    if (earlier === undefined) {
      first.set(chunk, place)
      continue
    }
    // Of two equal chunks the one that stands at the place of a missing chunk is the copy.
    const copy =
      place !== chunk && !seen.has(place) && place < count
        ? place
        : earlier !== chunk && !seen.has(earlier)
          ? earlier
          : undefined
    if (copy === undefined) {
      const repeated = again.get(chunk)
      if (repeated === undefined) again.set(chunk, [earlier, place])
      else repeated.push(place)
    } else {
      replaced.add(copy)
      if (copy === earlier) first.set(chunk, place)
      duplicates.push(`${noun} ${copy} is a duplicate of ${noun} ${chunk}`)
    }
  }
  const missing = absent.filter((chunk) => !replaced.has(chunk))
  const highest = holds.reduce((most, chunk) => Math.max(most, chunk), -1)
  return [
    ...runs(missing.filter((chunk) => !cut || chunk < highest)).map((run) => `${named(run, noun)} missing (dropped)`),
    ...runs(missing.filter((chunk) => cut && chunk >= highest)).map(
      (run) => `${named(run, noun)} cut off (the file is truncated)`,
    ),
    ...duplicates,
    ...[...again].map(([one, places]) => repeatFault(one, places, noun)),
    ...orderFaults(
      [...first.entries()].toSorted((a, b) => a[1] - b[1]).map(([chunk]) => chunk),
      noun,
    ),
  ]
}
