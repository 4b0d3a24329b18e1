import { Type } from '@sinclair/typebox'
import { serviceEnv } from '#common/process/env'

/** Environment of api-gateway. */
export const Env = serviceEnv('api-gateway', {
  UPSTREAM_TIMEOUT_MS: Type.Integer({
    default: 30_000,
    minimum: 100,
    maximum: 600_000,
    description: 'longest silence of a service behind the gateway, ms; streams get two minutes',
  }),
  GATEWAY_HOSTS: Type.String({
    default: '',
    pattern: '^([a-z0-9.-]+(,[a-z0-9.-]+)*)?$',
    description:
      'more host names that the gateway answers to, with commas; addresses, localhost and onions it knows',
  }),
})
