import { Type } from '@sinclair/typebox'
import { catalog, type ServiceName } from '#catalog'
import { readUrls, serviceEnv } from '#common/process/env'

/** The services whose documents are merged, beside its own. */
export const sourceNames: readonly ServiceName[] = catalog['openapi-server'].reads

export const Env = serviceEnv('openapi-server', {
  REFRESH_MS: Type.Integer({
    default: 30_000,
    minimum: 100,
    maximum: 3_600_000,
    description: 'milliseconds between two readings of the documents of the services',
  }),
  ...readUrls('openapi-server'),
})
