import { equalBytes } from '#common/stream/bytes'
import { contentHasher, documentBytes, type Tally } from './content-hash.ts'
import type { Copied } from './copy.ts'
import type { Endpoints } from './endpoint.ts'
import { compareIds, type Document, type Reader, readPages } from './reader.ts'
import type { ServiceCollections } from './survey.ts'

/** How a document of the target differs from that of the source. */
export type How = 'missing' | 'extra' | 'changed'

type Compared = {
  readonly from: Tally
  readonly to: Tally
  /** How many documents differ, and the first of them in the order of ids. Absent when all are equal. */
  readonly difference?: { readonly count: number; readonly id: string; readonly how: How }
}

/** What verification found of one collection; `changed` when the source is not what was copied. */
export type Row = Compared & {
  readonly service: string
  readonly collection: string
  readonly copied: number
  readonly verdict: 'equal' | 'differs' | 'source changed'
}

async function* readDocuments(reader: Reader, collection: string): AsyncGenerator<Document> {
  for await (const page of readPages(reader, collection)) yield* page
}

/** Reads both sides of a collection in the order of ids, next to each other: one pass, two pages in memory. */
const compareCollection = async (
  from: Reader,
  to: Reader,
  collection: string,
  onDocument: (bytes: number) => void,
): Promise<Compared> => {
  const open = (reader: Reader) => {
    const documents = readDocuments(reader, collection)
    const { add, tally } = contentHasher()
    const next = async () => {
      const { done, value } = await documents.next()
      if (done) return undefined
      const bytes = documentBytes(value, collection)
      add(bytes)
      onDocument(bytes.length)
      return { id: value.id, bytes }
    }
    return { next, tally }
  }
  const [source, target] = [open(from), open(to)]
  let difference: Compared['difference']
  const note = (id: string, how: How) => {
    difference = { id, how, ...difference, count: (difference?.count ?? 0) + 1 }
  }
  let [a, b] = [await source.next(), await target.next()]
  while (a !== undefined || b !== undefined) {
    const order = a === undefined ? 1 : b === undefined ? -1 : compareIds(a.id, b.id)
    if (a && order < 0) note(a.id, 'missing')
    if (b && order > 0) note(b.id, 'extra')
    if (a && b && order === 0 && !equalBytes(a.bytes, b.bytes)) note(a.id, 'changed')
    if (order <= 0) a = await source.next()
    if (order >= 0) b = await target.next()
  }
  return { from: source.tally(), to: target.tally(), ...(difference && { difference }) }
}

const decideVerdict = ({ from, difference }: Compared, copied: Copied | undefined): Row['verdict'] => {
  if (difference === undefined) return 'equal'
  return copied?.read && copied.read.hash !== from.hash ? 'source changed' : 'differs'
}

/** Reads both ends of a service again, every document of every collection, and writes nothing. */
export const verifyService = async (
  { service, collections }: ServiceCollections,
  { from, to }: Endpoints,
  {
    copied = [],
    onDocument = () => {},
  }: { readonly copied?: readonly Copied[]; readonly onDocument?: (collection: string, bytes: number) => void } = {},
): Promise<readonly Row[]> => {
  await using source = await from.read(service)
  await using target = await to.read(service)
  const rows: Row[] = []
  for (const { name } of collections) {
    const compared = await compareCollection(source, target, name, (bytes) => onDocument(name, bytes))
    const own = copied.find(({ collection }) => collection === name)
    const verdict = decideVerdict(compared, own)
    rows.push({ service, collection: name, copied: own?.documents ?? 0, verdict, ...compared })
  }
  return rows
}
