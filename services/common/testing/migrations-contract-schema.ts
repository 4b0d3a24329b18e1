import { type Loose, rewriteAll } from '../store/migrations/rewrite.ts'
import type { Migration, StoreSchema } from '../store/schema.ts'
import type { Declaration, Store } from '../store/store.ts'

/**
 * A planted service of three releases, for the suites of this folder. At version 0 a person was
 * `{ id, fullname, age_text }`; 1 renames a field, 2 changes the kind of one, 3 forgets it for good.
 */
export const People: Declaration<Loose> = {
  name: 'people',
  fields: { name: 'text', age: 'integer' },
  indexes: [['name']],
}

/** As version 0 declared it: another declaration than the code's, which a store would refuse beside it. */
const Past: Declaration<Loose> = { name: 'people', fields: { fullname: 'text', age_text: 'text' } }
const Bare: Declaration<Loose> = { name: 'people', fields: {} }

const rename = (from: string, to: string) => (doc: Loose) => {
  const { [from]: value, ...rest } = doc
  return value === undefined ? undefined : { ...rest, id: doc.id, [to]: value }
}

export const renameName = {
  version: 1,
  name: 'rename-fullname',
  up: (store) => rewriteAll(store, Past, rename('fullname', 'name')),
  down: (store) => rewriteAll(store, Bare, rename('name', 'fullname')),
} as const satisfies Migration

export const countAge = {
  version: 2,
  name: 'age-to-number',
  up: (store) =>
    rewriteAll(store, Bare, ({ age_text, ...rest }) =>
      age_text === undefined ? undefined : { ...rest, id: rest.id, age: Number(age_text) },
    ),
  down: (store) =>
    rewriteAll(store, Bare, ({ age, ...rest }) =>
      age === undefined ? undefined : { ...rest, id: rest.id, age_text: String(age) },
    ),
} as const satisfies Migration

export const forgetAge = {
  version: 3,
  name: 'forget-age',
  up: (store) =>
    rewriteAll(store, Bare, ({ age, ...rest }) => (age === undefined ? undefined : { ...rest, id: rest.id })),
  down: 'irreversible',
} as const satisfies Migration

/** The planted service with these migrations. */
export const peopleWith = (...migrations: readonly Migration[]): StoreSchema => ({ collections: [People], migrations })

const digits = (n: number) => String(n).padStart(5, '0')

/** Fills a store with people as version 0 wrote them. */
export const plantPeople = async (store: Store, count: number): Promise<void> => {
  const docs = Array.from({ length: count }, (_, n) => ({
    id: `p${digits(n)}`,
    fullname: `Person ${n}`,
    age_text: String(n % 100),
  }))
  await store.collection(Past).insertMany(docs, { onDuplicate: 'fail' })
}

/** All people without their revisions, by id. */
export const peopleIn = async (store: Store): Promise<readonly Loose[]> =>
  (await store.collection(People).find()).map(({ rev: _, ...person }) => person as Loose)
