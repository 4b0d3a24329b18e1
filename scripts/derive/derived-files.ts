import { stacks, tools } from '#catalog'
import { renderAccess } from './access-table.ts'
import { type ApiDocument, formatDocument, publishDocument } from './client/document.ts'
import { renderTypes } from './client/types.ts'
import { composeText, makeCompose, type Services } from './compose.ts'
import type { Stores } from './compose-model.ts'
import { derivedKeys } from './derived-secrets.ts'
import { type EnvSchema, renderEnvExample } from './env-example.ts'
import { mongoUsersText } from './mongo.ts'
import { mongoReplicaSetText } from './mongo-replica-set.ts'
import type { Access } from './service-routes.ts'
import { renderServiceTable, withServiceTable } from './service-table.ts'

/** A derived file: its path from the root of the repository, and its text; undefined when there is none. */
export type Derived = { readonly path: string; readonly text: string | undefined }

const secretsOf = ({ properties }: EnvSchema): readonly string[] =>
  Object.keys(properties).filter((key) => properties[key]?.['secret'] === true)

/**
 * All files that follow from the catalogue, the Env schemas, the collections and the routes (by service). `readme` is the
 * README as it is; undefined when it has no place for the service table.
 */
export const deriveFiles = (
  services: Services,
  schemas: Readonly<Record<string, EnvSchema>>,
  {
    stores,
    access,
    api,
  }: {
    readonly stores: Stores
    readonly access: Readonly<Record<string, readonly Access[]>>
    /** What api-server says of its routes. */
    readonly api: ApiDocument
  },
  readme: string,
): readonly Derived[] | undefined => {
  const secretKeys = Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [
      name,
      [...secretsOf(schema), ...derivedKeys(name).filter((key) => key in schema.properties)],
    ]),
  )
  const table = withServiceTable(readme, renderServiceTable(services, tools))
  if (table === undefined) return undefined
  const published = publishDocument(api)
  return [
    ...stacks.flatMap((stack): readonly Derived[] => {
      const file = makeCompose(stack, services, secretKeys, stores)
      const members = Object.entries(schemas).filter(([name]) => services[name]?.stack === stack)
      return [
        { path: `compose/docker-compose.${stack}.yaml`, text: file && composeText(file) },
        { path: `env/.env.${stack}.example`, text: renderEnvExample(stack, Object.fromEntries(members)) },
      ]
    }),
    { path: 'compose/docker-compose.mongo-replica-set.yaml', text: mongoReplicaSetText() },
    { path: 'compose/mongo/users.json', text: mongoUsersText(stores) },
    { path: 'services/README.md', text: table },
    { path: 'services/access.md', text: renderAccess(services, access) },
    { path: 'services/api-server/client/openapi.json', text: formatDocument(published) },
    { path: 'services/api-server/client/api.ts', text: renderTypes(published) },
  ]
}
