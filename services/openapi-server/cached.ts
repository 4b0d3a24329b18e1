import { modern } from './dialect.ts'
import { type Document, readDocument } from './document.ts'
import type { IndexEntry } from './model.ts'

/** What came of asking a service for its document. */
export type Answer = { readonly text: string } | { readonly failure: string }

/** The cache entry of one service. Times are epoch milliseconds. */
export type Cached = {
  /** What the service sent last that could be read. */ readonly text?: string
  readonly document?: Document
  /** When it was last seen to be so. */
  readonly readAt?: number
  readonly trouble?: { readonly kind: 'unreachable' | 'broken'; readonly what: string; readonly since: number }
}

const withTrouble = (entry: Cached, kind: 'unreachable' | 'broken', what: string, at: number): Cached => ({
  ...entry,
  trouble: { kind, what, since: entry.trouble?.kind === kind ? entry.trouble.since : at },
})

/** The entry after an answer. A document that was read stays until a better one comes. */
export const update = (entry: Cached, answer: Answer, at: number): Cached => {
  if ('failure' in answer) return withTrouble(entry, 'unreachable', answer.failure, at)
  const { text, document } = entry
  if (document !== undefined && text === answer.text) return { text: answer.text, document, readAt: at }
  const read = readDocument(answer.text)
  if ('faults' in read)
    return withTrouble(entry, 'broken', `its document cannot be used: ${read.faults.join('; ')}`, at)
  return { text: answer.text, document: modern(read.document), readAt: at }
}

/** `stale`: what is served is not what the service says now. `missing`, `broken`: nothing is served. */
export const classify = ({ document, trouble }: Cached): IndexEntry['state'] => {
  if (trouble === undefined) return document === undefined ? 'missing' : 'fresh'
  if (document !== undefined) return 'stale'
  return trouble.kind === 'broken' ? 'broken' : 'missing'
}
