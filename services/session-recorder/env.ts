import { Type } from '@sinclair/typebox'
import { serviceEnv } from '#common/process/env'

/** Environment of session-recorder. */
export const Env = serviceEnv('session-recorder', {
  RESUME_GRACE_MS: Type.Integer({
    default: 60_000,
    minimum: 0,
    description: 'how long a recording waits for its source to come back, ms; then it ends with a gap',
  }),
})
