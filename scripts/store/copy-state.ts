import type { Declaration, Doc } from '#common/store/store'

/** Collections of the store itself; the lease of an older release's migration is not copied. */
export const OWN = { schema: 'schema', lease: 'schema_lease', copies: 'copies' } as const

/** How far a collection is copied, in the target's own store (`copies`), in the transaction of the documents. */
export type CopyDoc = {
  readonly id: string
  /** Fingerprint of the source's store. */
  readonly source: string
  readonly from: string
  /** Documents in the source when the copy began. */
  readonly total: number
  readonly documents: number
  /** Id of the last document that was brought. */
  readonly after?: string
  readonly done: boolean
}

export const copies: Declaration<CopyDoc> = { name: OWN.copies, fields: {} }

/** What is there of one collection before anything is written. */
export type Found = {
  readonly collection: string
  readonly total: number
  readonly kept: number
  /** True when the target holds documents behind the last that was brought. */
  readonly beyond: boolean
  readonly copy: CopyDoc | undefined
}

export type CopyState = 'new' | 'goes-on' | 'done'
type Decision = { readonly state: CopyState } | { readonly refusal: string }

const START_OVER = 'empty the target, then copy again'

/** Whether a service's store may be copied into its target: nothing but this copy may be in there. */
export const decideCopy = (source: string, found: readonly Found[]): Decision => {
  const begun = found.filter(({ copy }) => copy !== undefined)
  if (begun.length === 0) {
    const taken = found.find(({ kept }) => kept > 0)
    return taken === undefined
      ? { state: 'new' }
      : { refusal: `${taken.collection} holds ${taken.kept} documents that no copy brought there` }
  }
  const other = begun.find(({ copy }) => copy?.source !== source)?.copy
  if (other !== undefined)
    return {
      refusal: `it holds a copy of another store (${other.from}), or of this one before it changed: ${START_OVER}`,
    }
  if (begun.length < found.length)
    return { refusal: `it holds a copy that another release began: finish it with that one, or ${START_OVER}` }
  const strange = found.find(({ copy, kept, beyond }) => beyond || kept !== copy?.documents)
  if (strange !== undefined)
    return {
      refusal: `${strange.collection} holds ${strange.kept} documents where the copy brought ${strange.copy?.documents}: it has been used since, or changed`,
    }
  return { state: begun.every(({ copy }) => copy?.done) ? 'done' : 'goes-on' }
}

/** Names in a source that this release does not know: their documents would be left behind unseen. */
export const unknownNames = (names: readonly string[], declared: readonly string[]): readonly string[] =>
  names.filter((name) => ![...declared, OWN.lease, OWN.copies].includes(name))

/** A document, as far as it tells of a migration that is not over. */
export const isHalfMigrated = (record: Doc): boolean => Object.hasOwn(record, 'in_progress')
