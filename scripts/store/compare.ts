import { isFault } from '#common/process/fault'
import { equalBytes } from '#common/stream/bytes'
import { CliError } from '../cli/fail.ts'
import { documentBytes, type Tally, tallying } from './content-hash.ts'
import { compareIds, type Document, pagesOf, type Reader } from './reader.ts'

/** How a document of the target stands to that of the source. */
export type How = 'missing' | 'extra' | 'changed'

export type Compared = {
  readonly from: Tally
  readonly to: Tally
  /** How many documents differ, and the first of them in the order of ids. Absent when all are equal. */
  readonly difference?: { readonly count: number; readonly id: string; readonly how: How }
}

async function* documentsOf(reader: Reader, collection: string): AsyncGenerator<Document> {
  for await (const page of pagesOf(reader, collection)) yield* page
}

/** The canonical bytes. Throws CliError that names a document which has none. */
export const bytesIn = (collection: string, doc: Document): Uint8Array<ArrayBuffer> => {
  try {
    return documentBytes(doc)
  } catch (error) {
    if (!isFault(error, 'not-json')) throw error
    throw new CliError(`${collection}: the document ${JSON.stringify(doc.id)} holds what JSON cannot say`)
  }
}

/** Reads both sides of a collection in the order of ids, next to each other: one pass, two pages in memory. */
export const compareCollection = async (
  from: Reader,
  to: Reader,
  collection: string,
  onDocument: (bytes: number) => void = () => {},
): Promise<Compared> => {
  const [left, right] = [documentsOf(from, collection), documentsOf(to, collection)]
  const [ours, theirs] = [tallying(), tallying()]
  let count = 0
  let first: { readonly id: string; readonly how: How } | undefined
  const note = (id: string, how: How) => {
    count += 1
    first ??= { id, how }
  }
  const next = async (side: AsyncGenerator<Document>, tally: typeof ours) => {
    const { done, value } = await side.next()
    if (done) return undefined
    const bytes = bytesIn(collection, value)
    tally.add(bytes)
    onDocument(bytes.length)
    return { id: value.id, bytes }
  }
  let [a, b] = [await next(left, ours), await next(right, theirs)]
  while (a !== undefined || b !== undefined) {
    const order = a === undefined ? 1 : b === undefined ? -1 : compareIds(a.id, b.id)
    if (a && order < 0) note(a.id, 'missing')
    if (b && order > 0) note(b.id, 'extra')
    if (a && b && order === 0 && !equalBytes(a.bytes, b.bytes)) note(a.id, 'changed')
    const [nextA, nextB] = [order <= 0, order >= 0]
    if (nextA) a = await next(left, ours)
    if (nextB) b = await next(right, theirs)
  }
  return { from: ours.tally(), to: theirs.tally(), ...(first && { difference: { count, ...first } }) }
}
