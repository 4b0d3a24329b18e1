import { Type } from '@sinclair/typebox'
import { secret, serviceEnv } from '#common/process/env'

/** Environment of session-orchestrator. */
export const Env = serviceEnv('session-orchestrator', {
  SIGNING_KEY: secret({ description: "key under which the sessions' signing keys are wrapped until they are used" }),
  CHUNK_SIZE_MB: Type.Integer({ default: 8, minimum: 8, maximum: 16, description: 'chunk size of new sessions, MiB' }),
  COMPRESSION_LEVEL: Type.Integer({
    default: 3,
    minimum: 1,
    maximum: 19,
    description: 'zstd level, as the chunker has it',
  }),
  MAX_ACTIVE_SESSIONS: Type.Integer({ default: 10, minimum: 1, description: 'sessions recorded at once' }),
  EXPIRE_AFTER_MS: Type.Integer({
    default: 8 * 3600 * 1000,
    minimum: 1000,
    description: 'an unused session expires after this time, ms',
  }),
})
