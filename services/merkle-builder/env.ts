import { Type } from '@sinclair/typebox'
import { serviceEnv } from '#common/process/env'

/** Environment of merkle-builder. */
export const Env = serviceEnv('merkle-builder', {
  MERKLE_ALGORITHM: Type.Literal('BLAKE3', { default: 'BLAKE3', description: 'the hash of wire format v1' }),
})
