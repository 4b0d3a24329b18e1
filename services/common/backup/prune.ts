/** How many snapshots to keep of each kind; a tagged one is kept until it is named in `forget`. */
export type Keep = { readonly last: number; readonly daily: number; readonly weekly: number; readonly monthly: number }

export const KEEP: Keep = { last: 7, daily: 7, weekly: 4, monthly: 6 }

export type Dated = { readonly name: string; readonly at: number; readonly tag: string | null }

const DAY = 86_400_000

/** The period (UTC) that a time falls into; weeks begin on Monday. 1970-01-01 was a Thursday. */
const periods: Readonly<Record<'daily' | 'weekly' | 'monthly', (at: number) => string | number>> = {
  daily: (at) => Math.floor(at / DAY),
  weekly: (at) => Math.floor((Math.floor(at / DAY) + 3) / 7),
  monthly: (at) => new Date(at).toISOString().slice(0, 7),
}

const newestOfEach = (sorted: readonly Dated[], period: (at: number) => string | number, count: number) => {
  const taken = new Map<string | number, string>()
  for (const { name, at } of sorted) if (!taken.has(period(at))) taken.set(period(at), name)
  return [...taken.values()].slice(0, count)
}

/**
 * The snapshots to keep: the newest `last`, and the newest of each of the newest so many days, weeks and months that
 * have one. The newest of all is kept whatever is said, and whatever `forget` names.
 */
export const selectKept = (
  snapshots: readonly Dated[],
  keep: Keep,
  forget: readonly string[] = [],
): ReadonlySet<string> => {
  const sorted = snapshots.toSorted((a, b) => b.at - a.at || (a.name < b.name ? 1 : -1))
  const wanted = sorted.filter(({ name }, i) => i === 0 || !forget.includes(name))
  return new Set([
    ...wanted.slice(0, Math.max(1, keep.last)).map(({ name }) => name),
    ...wanted.filter(({ tag }) => tag !== null).map(({ name }) => name),
    ...Object.entries(periods).flatMap(([kind, period]) =>
      newestOfEach(wanted, period, keep[kind as keyof typeof periods]),
    ),
  ])
}

/** The chunks that no snapshot names. */
export const unreferenced = (
  stored: Iterable<string>,
  snapshots: readonly { readonly chunks: readonly string[] }[],
): readonly string[] => {
  const needed = new Set(snapshots.flatMap(({ chunks }) => chunks))
  return [...stored].filter((id) => !needed.has(id))
}
