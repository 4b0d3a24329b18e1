import { errorMessage } from '../../process/error.ts'
import { Fault } from '../../process/fault.ts'
import type { StoreSchema } from '../schema.ts'
import { parseDeclaration } from '../shape.ts'

/** Collections of the store itself: no service may declare them. */
export const reservedCollections: readonly string[] = ['schema', 'schema_lease', 'copies']

const kebab = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/

const doubled = (names: readonly string[]) => names.filter((name, at) => names.indexOf(name) !== at)

/** What is wrong with a schema, a sentence each; empty when it can be used. */
export const schemaBreaches = ({ collections, migrations }: StoreSchema): readonly string[] => [
  ...collections.flatMap((declared) => {
    try {
      parseDeclaration(declared)
      return []
    } catch (error) {
      return [errorMessage(error)]
    }
  }),
  ...doubled(collections.map(({ name }) => name)).map((name) => `collection ${name} is declared twice`),
  ...collections
    .filter(({ name }) => reservedCollections.includes(name))
    .map(({ name }) => `collection ${name} belongs to the store itself`),
  ...migrations
    .filter(({ version }, at) => version !== at + 1)
    .map(({ version, name }) => `migration ${version} '${name}' breaks the row 1, 2, 3, ... of versions`),
  ...migrations
    .filter(({ name }) => !kebab.test(name))
    .map(({ version, name }) => `migration ${version} '${name}' needs a kebab-case name`),
  ...doubled(migrations.map(({ name }) => name)).map((name) => `two migrations are called '${name}'`),
]

/** Throws Fault invalid `bad-schema` with everything that is wrong. */
export const checkSchema = (schema: StoreSchema): void => {
  const breaches = schemaBreaches(schema)
  if (breaches.length > 0) throw new Fault('invalid', 'bad-schema', breaches.join('; '))
}
