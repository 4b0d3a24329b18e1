import { Type } from '@sinclair/typebox'
import { credential, serviceEnv } from '#common/process/env'

/** Environment of session-recorder. */
export const Env = serviceEnv('session-recorder', {
  MACHINE_ID: credential({
    pattern: '^[0-9a-f]{32}(?:[0-9a-f]{32})?$',
    description: 'id of the machine, machine-id(5); only its hash leaves the service, as device_fingerprint',
  }),
  RESUME_GRACE_MS: Type.Integer({
    default: 60_000,
    minimum: 0,
    description: 'how long a recording waits for its source to come back, ms; then it ends with a gap',
  }),
})
