import { Type } from '@sinclair/typebox'
import { serviceEnv } from '#common/process/env'

export const Env = serviceEnv('blockchain-sessions-data', {
  POLL_MS: Type.Integer({
    default: 250,
    minimum: 10,
    maximum: 60_000,
    description: 'milliseconds between two readings of the ledger while blocks come',
  }),
  POLL_IDLE_MS: Type.Integer({
    default: 4000,
    minimum: 10,
    maximum: 600_000,
    description: 'the same when none came for a while; a question for an unknown session looks at once',
  }),
})
