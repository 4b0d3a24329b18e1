import { Type } from '@sinclair/typebox'
import { secret, serviceEnv } from '#common/process/env'

/** Environment of authentication. */
export const Env = serviceEnv('authentication', {
  AUTH_KEY: secret({
    description:
      'key that challenges, refresh tokens and the kept signing keys are made with; a new one signs everybody out',
  }),
  SIGN_UP: Type.Union([Type.Literal('invited'), Type.Literal('open')], {
    default: 'invited',
    description: 'who may sign in: addresses that an admin added, or every TRON key, as a user',
  }),
})
