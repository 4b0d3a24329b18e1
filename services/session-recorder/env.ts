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
    description: 'how long a recording waits for a source that was cut off, ms; then it ends with a gap',
  }),
  PAUSE_GRACE_MS: Type.Integer({
    default: 30 * 60_000,
    minimum: 0,
    description: 'how long it waits for a source that ended its body cleanly and may send more, ms',
  }),
})
