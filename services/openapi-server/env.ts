import { Type } from '@sinclair/typebox'
import { catalog, type ServiceName } from '#catalog'
import { serviceEnv, urlKey } from '#common/process/env'

/** The services whose documents are merged, beside its own. */
export const sourceNames: readonly ServiceName[] = catalog['openapi-server'].reads

const addresses = Object.fromEntries(
  sourceNames.map((name) => [
    urlKey(name),
    Type.String({
      default: `http://${name}:${catalog[name].port}`,
      pattern: '^https?://',
      description: `where ${name} answers`,
    }),
  ]),
)

export const Env = serviceEnv('openapi-server', {
  REFRESH_MS: Type.Integer({
    default: 30_000,
    minimum: 100,
    maximum: 3_600_000,
    description: 'milliseconds between two readings of the documents of the services',
  }),
  ...addresses,
})
