import { modern } from './dialect.ts'
import { type Document, readDocument } from './document.ts'

/** What came of asking a service for its document. */
export type Answer = { readonly text: string } | { readonly failure: string }

/** What is kept of one service. Times are epoch milliseconds. */
export type Kept = {
  /** What the service sent last that could be read. */
  readonly text?: string
  readonly document?: Document
  /** When it was last seen to be so. */
  readonly readAt?: number
  readonly trouble?: {
    readonly kind: 'unreachable' | 'broken'
    readonly what: string
    readonly since: number
  }
}

const troubled = (kept: Kept, kind: 'unreachable' | 'broken', what: string, at: number): Kept => ({
  ...kept,
  trouble: { kind, what, since: kept.trouble?.kind === kind ? kept.trouble.since : at },
})

/** Takes an answer in. A document that was read stays until a better one comes. */
export const learn = (kept: Kept, answer: Answer, at: number): Kept => {
  if ('failure' in answer) return troubled(kept, 'unreachable', answer.failure, at)
  const { text, document } = kept
  if (document !== undefined && text === answer.text) return { text: answer.text, document, readAt: at }
  const read = readDocument(answer.text)
  if ('faults' in read)
    return troubled(kept, 'broken', `its document cannot be used: ${read.faults.join('; ')}`, at)
  return { text: answer.text, document: modern(read.document), readAt: at }
}

export type State = 'fresh' | 'stale' | 'missing' | 'broken'

/** `stale`: what is served is not what the service says now. `missing`, `broken`: nothing is served. */
export const stateOf = ({ document, trouble }: Kept): State => {
  if (trouble === undefined) return document === undefined ? 'missing' : 'fresh'
  if (document !== undefined) return 'stale'
  return trouble.kind === 'broken' ? 'broken' : 'missing'
}
