/** A value that can be indexed, compared and sorted. Times are epoch milliseconds. */
export type Scalar = string | number | boolean

/** A document: JSON, with a string id that its owner chooses. */
export type Doc = { readonly id: string }

/** A document as it is kept. `rev` starts at 1 and grows by one with every change. */
export type Stored<T> = T & { readonly rev: number }

/** `integer` is a safe integer, `real` a finite number, `text` well-formed Unicode ordered by its UTF-8 bytes. */
export type FieldKind = 'text' | 'integer' | 'real' | 'boolean'

/**
 * What a driver must know of a collection: only declared fields (and `id`) can be searched and sorted.
 * `name` is lower snake case, fields are plain identifiers. A document that lacks a field of a unique index,
 * or has null there, is not in that index. An index over required fields alone holds every document, so that
 * searches by its first fields can use it too.
 */
export type Declaration<T extends Doc> = {
  readonly name: string
  readonly fields: { readonly [K in Exclude<keyof T, 'id'>]?: FieldKind }
  /** Declared fields that no document may lack or have as null. */
  readonly required?: readonly (keyof T & string)[]
  readonly unique?: readonly (readonly (keyof T & string)[])[]
  readonly indexes?: readonly (readonly (keyof T & string)[])[]
  /**
   * Its documents are secrets, few at a time, that are destroyed by removing or replacing them: when that resolves,
   * no file of an embedded store holds them any more. What a database server keeps: this room's README.
   * `when-removed`: only removing does so, for documents that are often replaced and seldom destroyed; one that stays
   * without its secret is removed and inserted in one transaction.
   */
  readonly secret?: boolean | 'when-removed'
}

export type Range<V> = { readonly gt?: V; readonly gte?: V; readonly lt?: V; readonly lte?: V }

/** Equal to a value, one of several, or inside a range. An absent or null field meets no condition. */
export type Condition<V> = V | { readonly in: readonly V[] } | Range<V>

/** All conditions must hold. */
export type Where<T> = { readonly [K in keyof T]?: Condition<Extract<T[K], Scalar>> }

/** Absent fields come first in `asc`. Ties are ordered by id, in the direction of the last field; so is everything without a sort. */
export type Sort<T> = readonly (readonly [field: keyof T & string, direction: 'asc' | 'desc'])[]

export type Query<T> = {
  readonly where?: Where<T>
  readonly sort?: Sort<T>
  readonly limit?: number
  readonly skip?: number
}

/**
 * One kind of document. Every promise that resolves after a write means the write is durable (inside a
 * transaction: once that resolves). Throws Fault `invalid` for what the declaration does not allow or a driver
 * could not give back as it was (`document.ts`), `too-large` (`document-too-large`), and `unavailable` when the
 * store cannot serve: `disk-full`, `disk-error`, `store-busy`, `store-closed`, over a network also `store-away`
 * and those of `mongo-fault.ts`. After `store-away` a write may still have happened: read before it is repeated.
 */
export type Collection<T extends Doc> = {
  get(id: string): Promise<Stored<T> | undefined>
  find(query?: Query<T>): Promise<readonly Stored<T>[]>
  count(where?: Where<T>): Promise<number>
  /** Throws Fault conflict `duplicate` when the id or a unique index holds it already. */
  insert(doc: T): Promise<Stored<T>>
  /** All or nothing; answers how many were new. `ignore` skips duplicates instead of failing. */
  insertMany(docs: readonly T[], options: { readonly onDuplicate: 'fail' | 'ignore' }): Promise<number>
  /** Inserts with the revisions they have, all or nothing, skipping ids that are there: only for moving a store. */
  restore(docs: readonly Stored<T>[]): Promise<number>
  /** Throws Fault missing `missing`, conflict `stale` when `rev` is not the kept one, conflict `duplicate`. */
  replace(doc: T, rev: number): Promise<Stored<T>>
  /** False when it was not there. With `rev`: Fault conflict `stale` when that is not the kept one. */
  remove(id: string, rev?: number): Promise<boolean>
  /** Takes the first match and sets the given fields in one step: no two callers get the same one. */
  claim(take: {
    readonly where: Where<T>
    readonly sort?: Sort<T>
    readonly set: Partial<Omit<T, 'id'>>
  }): Promise<Stored<T> | undefined>
}

/**
 * A service's own storage. In `transaction`, only the `tx` that is handed in may be used: everything through
 * the outer store waits for the end (and is refused from within, where it would wait for ever). When `work`
 * throws, or any write in it failed, nothing is kept. `work` may be run again by a driver that retries
 * conflicts, so it must have no other effects. Transactions do not nest.
 */
export type Store = {
  collection<T extends Doc>(declaration: Declaration<T>): Collection<T>
  transaction<R>(work: (tx: Store) => Promise<R>): Promise<R>
  ping(): Promise<void>
  /** Waits for what runs, then lets go of the files or connections. */
  close(): Promise<void>
}
