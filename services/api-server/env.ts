import { Type } from '@sinclair/typebox'
import { readUrls, serviceEnv } from '#common/process/env'

/** Environment of api-server. */
export const Env = serviceEnv('api-server', {
  ERASURE_WAIT_MS: Type.Integer({
    default: 24 * 3_600_000,
    minimum: 0,
    description: 'how long a session that is to be erased can be taken back, ms',
  }),
  ...readUrls('api-server'),
})
