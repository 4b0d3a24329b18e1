import { Fault } from '#common/process/fault'
import { type Answer, type Cached, classify, update } from './cached.ts'
import type { Document } from './document.ts'
import { countOperations, type Merged, merge } from './merge.ts'
import type { IndexEntry } from './model.ts'

/** A service whose document is read. */
export type Source = { readonly service: string; readonly summary: string; readonly address: string }

export type RegistryParts = {
  readonly sources: readonly Source[]
  /** Asks a service for its document; never rejects. */
  readonly read: (service: string) => Promise<Answer>
  readonly version: string
  readonly now: () => number
}

type Whole = Merged & { readonly etag: string }

export type DocumentRegistry = {
  /** Asks everybody once, all at the same time. */ readonly refresh: () => Promise<void>
  readonly merged: () => Whole
  /** The document of one service, with its address. Throws Fault missing or unavailable. */
  readonly document: (service: string) => Document
  readonly index: () => readonly IndexEntry[]
  /** Throws Fault unavailable that names every service whose document is not as it serves it. */
  readonly requireFresh: () => Promise<void>
}

type Cache = ReadonlyMap<string, Cached>

const mergeAll = (sources: readonly Source[], cache: Cache, version: string): Whole => {
  const parts = sources.map((source) => {
    const { document, trouble } = cache.get(source.service) ?? {}
    return { ...source, document, trouble }
  })
  const merged = merge(parts, { title: 'Lucid', version })
  const hash = new Bun.CryptoHasher('sha256').update(JSON.stringify(merged.document)).digest('hex')
  return { ...merged, etag: `"${hash.slice(0, 32)}"` }
}

const indexEntry = (service: string, cached: Cached = {}): IndexEntry => {
  const { document, readAt, trouble } = cached
  return {
    service,
    state: classify(cached),
    operations: document === undefined ? 0 : countOperations(document),
    ...(readAt !== undefined && { read_at: readAt }),
    ...(trouble && { since: trouble.since, detail: trouble.what }),
  }
}

/** The document of one service as it stands alone. Throws Fault missing or unavailable. */
const findDocument = (sources: readonly Source[], cache: Cache, service: string): Document => {
  const source = sources.find((one) => one.service === service)
  if (source === undefined)
    throw new Fault('missing', 'no-such-service', 'there is no such service; GET /openapi/services lists them')
  const { document, trouble } = cache.get(service) ?? {}
  if (document === undefined)
    throw new Fault('unavailable', 'not-read', trouble?.what ?? 'its document has not been read yet', {
      retryAfter: 1000,
      extra: { dependency: service },
    })
  return { ...document, servers: [{ url: source.address }] }
}

/** Caches what each service last said of itself, and the one document merged of it all. */
export const documentRegistry = ({ sources, read, version, now }: RegistryParts): DocumentRegistry => {
  const cache = new Map<string, Cached>()
  let whole = mergeAll(sources, cache, version)
  const index = () => sources.map(({ service }) => indexEntry(service, cache.get(service)))
  return {
    refresh: async () => {
      const answers = await Promise.all(sources.map(async ({ service }) => [service, await read(service)] as const))
      const at = now()
      for (const [service, answer] of answers) cache.set(service, update(cache.get(service) ?? {}, answer, at))
      whole = mergeAll(sources, cache, version)
    },
    merged: () => whole,
    document: (service) => findDocument(sources, cache, service),
    index,
    requireFresh: async () => {
      const lacking = index().filter(({ state }) => state !== 'fresh')
      const names = lacking.map(({ service, state }) => `${service} ${state}`).join(', ')
      if (lacking.length > 0) throw new Fault('unavailable', 'not-all-read', names)
    },
  }
}
