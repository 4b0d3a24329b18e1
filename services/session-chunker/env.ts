import { Type } from '@sinclair/typebox'
import { serviceEnv } from '#common/process/env'

/** Environment of session-chunker. */
export const Env = serviceEnv('session-chunker', {
  COMPRESSION_LEVEL: Type.Integer({ default: 3, minimum: 1, maximum: 19, description: 'zstd level' }),
  CHUNKS_IN_FLIGHT: Type.Integer({
    default: 3,
    minimum: 1,
    maximum: 3,
    description: 'chunks compressed and sent at once, over all sessions',
  }),
})
