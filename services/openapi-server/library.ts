import { Fault } from '#common/process/fault'
import type { Document } from './document.ts'
import { type Answer, type Kept, learn, type State, stateOf } from './kept.ts'
import { countOperations, type Merged, merge } from './merge.ts'

/** A service whose document is read. */
export type Book = { readonly service: string; readonly summary: string; readonly address: string }

export type LibraryParts = {
  readonly books: readonly Book[]
  /** Asks a service for its document; never rejects. */
  readonly read: (service: string) => Promise<Answer>
  readonly version: string
  readonly now: () => number
}

/** One service as /status and GET /openapi/services tell it. Times are epoch milliseconds. */
export type Shelf = {
  readonly service: string
  readonly state: State
  readonly operations: number
  readonly read_at?: number
  readonly since?: number
  readonly detail?: string
}

export type Library = {
  /** Asks everybody once, all at the same time. */
  readonly refresh: () => Promise<void>
  readonly merged: () => Merged & { readonly etag: string }
  /** The document of one service, with its address. Throws Fault missing or unavailable. */
  readonly document: (service: string) => Document
  readonly shelves: () => readonly Shelf[]
  /** Throws Fault unavailable that names every service whose document is not as it serves it. */
  readonly whole: () => Promise<void>
}

const etagOf = (document: unknown): string =>
  `"${new Bun.CryptoHasher('sha256').update(JSON.stringify(document)).digest('hex').slice(0, 32)}"`

/** Keeps what each service last said of itself, and the one document merged of it all. */
export const library = ({ books, read, version, now }: LibraryParts): Library => {
  const kept = new Map<string, Kept>()
  const of = (service: string): Kept => kept.get(service) ?? {}

  const bind = (): Merged & { readonly etag: string } => {
    const parts = books.map((book) => ({
      ...book,
      document: of(book.service).document,
      trouble: of(book.service).trouble,
    }))
    const made = merge(parts, { title: 'Lucid', version })
    return { ...made, etag: etagOf(made.document) }
  }
  let current = bind()

  const shelves = (): readonly Shelf[] =>
    books.map(({ service }) => {
      const { document, readAt, trouble } = of(service)
      return {
        service,
        state: stateOf(of(service)),
        operations: document === undefined ? 0 : countOperations(document),
        ...(readAt !== undefined && { read_at: readAt }),
        ...(trouble && { since: trouble.since, detail: trouble.what }),
      }
    })

  return {
    refresh: async () => {
      const answers = await Promise.all(
        books.map(async ({ service }) => [service, await read(service)] as const),
      )
      const at = now()
      for (const [service, answer] of answers) kept.set(service, learn(of(service), answer, at))
      current = bind()
    },
    merged: () => current,
    document: (service) => {
      const book = books.find((one) => one.service === service)
      if (book === undefined)
        throw new Fault(
          'missing',
          'no-such-service',
          'there is no such service; GET /openapi/services lists them',
        )
      const { document, trouble } = of(service)
      if (document === undefined)
        throw new Fault('unavailable', 'not-read', trouble?.what ?? 'its document has not been read yet', {
          retryAfter: 1000,
          extra: { dependency: service },
        })
      return { ...document, servers: [{ url: book.address }] }
    },
    shelves,
    whole: async () => {
      const lacking = shelves().filter(({ state }) => state !== 'fresh')
      if (lacking.length > 0)
        throw new Fault(
          'unavailable',
          'not-all-read',
          lacking.map(({ service, state }) => `${service} ${state}`).join(', '),
        )
    },
  }
}
