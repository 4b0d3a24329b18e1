import type { Declaration, Doc, Scalar, Store, Stored } from '../store.ts'

export type Json = Scalar | null | readonly Json[] | { readonly [field: string]: Json }

/** A document of any release: a migration cannot use today's types for what was written years ago. */
export type Loose = Doc & { readonly [field: string]: Json | undefined }

/** Replaces what `change` answers, in the order of ids, a batch a transaction; undefined for what is done already. */
export const rewriteAll = async (
  store: Store,
  declaration: Declaration<Loose>,
  change: (doc: Stored<Loose>) => Loose | undefined,
  { batch = 100 }: { readonly batch?: number } = {},
): Promise<void> => {
  const next = (after: string) =>
    store.transaction(async (tx) => {
      const collection = tx.collection(declaration)
      const docs = await collection.find({ where: { id: { gt: after } }, limit: batch })
      for (const doc of docs) {
        const changed = change(doc)
        if (changed) await collection.replace(changed, doc.rev)
      }
      return docs.at(-1)?.id
    })
  for (let last = await next(''); last !== undefined; last = await next(last));
}
