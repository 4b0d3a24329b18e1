import { Fault } from '#common/process/fault'
import type { Doc, Stored } from '#common/store/store'

export type Document = Stored<Doc>

/** A service's store that is only read: opening it as a `Store` would change tables, indexes and validators. */
export type Reader = AsyncDisposable & {
  /** Documents after an id in byte order of ids, as many as fit a page; none only at the end. */
  readonly page: (collection: string, after?: string) => Promise<readonly Document[]>
  readonly count: (collection: string) => Promise<number>
  readonly names: () => Promise<readonly string[]>
}

/** Most of a page. One document that is larger makes a page of its own. */
export type PageLimits = { readonly documents: number; readonly bytes: number }
export const PAGE: PageLimits = { documents: 1000, bytes: 8 * 1024 * 1024 }

/** Reads a place where no store was ever made. */
export const emptyReader: Reader = {
  page: async () => [],
  count: async () => 0,
  names: async () => [],
  [Symbol.asyncDispose]: async () => {},
}

/** Byte order of ids as UTF-8, which is the order of both drivers. */
export const compareIds = (a: string, b: string): number =>
  a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b))

/** All pages of a collection after an id. Throws Fault unavailable `bad-order` when a driver skips about. */
export async function* readPages(
  reader: Reader,
  collection: string,
  after?: string,
): AsyncGenerator<readonly Document[]> {
  for (let last = after; ; ) {
    const page = await reader.page(collection, last)
    if (page.length === 0) return
    for (const { id } of page) {
      if (last !== undefined && compareIds(last, id) >= 0)
        throw new Fault('unavailable', 'bad-order', `${collection} is not read in the order of its ids`)
      last = id
    }
    yield page
  }
}
