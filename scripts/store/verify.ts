import type { Wanted } from './collections.ts'
import { type Compared, compareCollection } from './compare.ts'
import type { Brought } from './copy.ts'
import type { Side } from './side.ts'

/** What verification found of one collection; `changed` when the source is not what was copied. */
export type Row = Compared & {
  readonly service: string
  readonly collection: string
  readonly copied: number
  readonly verdict: 'equal' | 'differs' | 'source changed'
}

const verdictOf = ({ from, difference }: Compared, brought: Brought | undefined): Row['verdict'] => {
  if (difference === undefined) return 'equal'
  return brought?.read && brought.read.hash !== from.hash ? 'source changed' : 'differs'
}

/** Reads both ends of a service again, every document of every collection, and writes nothing. */
export const verifyService = async (
  { service, collections }: Wanted,
  { from, to }: { readonly from: Side; readonly to: Side },
  {
    brought = [],
    onDocument = () => {},
  }: {
    readonly brought?: readonly Brought[]
    readonly onDocument?: (collection: string, bytes: number) => void
  } = {},
): Promise<readonly Row[]> => {
  const source = await from.read(service)
  try {
    const target = await to.read(service)
    try {
      const rows: Row[] = []
      for (const { name } of collections) {
        const compared = await compareCollection(source, target, name, (bytes) => onDocument(name, bytes))
        const own = brought.find(({ collection }) => collection === name)
        const verdict = verdictOf(compared, own)
        rows.push({ service, collection: name, copied: own?.documents ?? 0, verdict, ...compared })
      }
      return rows
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}
