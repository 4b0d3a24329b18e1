import { Type } from '@sinclair/typebox'
import { secret, serviceEnv } from '#common/process/env'

/** Environment of session-encryptor. */
export const Env = serviceEnv('session-encryptor', {
  MASTER_KEY: secret({ description: 'key under which session keys are wrapped; losing it loses every recording' }),
  FREE_BYTES_KEPT: Type.Integer({
    default: 2 * 1024 ** 3,
    minimum: 0,
    description: 'free disk space, bytes, below which no chunk is accepted',
  }),
  MAX_SESSION_BYTES: Type.Integer({
    default: 100 * 10 ** 9,
    minimum: 1,
    description: 'largest session, bytes of plain stream',
  }),
  ENCRYPTION_ALGORITHM: Type.Literal('XChaCha20-Poly1305', {
    default: 'XChaCha20-Poly1305',
    description: 'the AEAD of wire format v1',
  }),
})
