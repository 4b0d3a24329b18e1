import { Type } from '@sinclair/typebox'
import { credential, secret, serviceEnv } from '#common/process/env'

/** Environment of authentication. */
export const Env = serviceEnv('authentication', {
  AUTH_KEY: secret({
    description:
      'key that challenges, refresh tokens and the kept signing keys are made with; a new one signs everybody out',
  }),
  PUBLIC_URL: Type.String({
    default: 'http://localhost:8080',
    pattern: '^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?$',
    description: 'where people open the platform; passkeys are bound to its name, mails name it',
  }),
  PASSKEY_ORIGINS: Type.Optional(
    Type.String({
      pattern: '^https?://[^,/]+(,https?://[^,/]+)*$',
      description: 'further origins under the same name that may ask for passkeys, with commas between',
    }),
  ),
  HARDWARE_SIGNATURES: Type.Union([Type.Literal('enrolled'), Type.Literal('always')], {
    default: 'enrolled',
    description: 'whom a dangerous action asks for a hardware key: those who have enrolled one, or everybody',
  }),
  MAIL_FROM: Type.String({
    default: 'lucid@localhost',
    pattern: '^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+$',
    description: 'sender of mails',
  }),
  SMTP_URL: Type.Optional(
    credential({
      pattern: '^smtps?://.',
      description: 'mail server as smtps://USER:PASSWORD@HOST; without it mails lie as files in LUCID_DATA/mail',
    }),
  ),
  SIGN_UP: Type.Union([Type.Literal('invited'), Type.Literal('open')], {
    default: 'invited',
    description: 'who may sign in: addresses that an admin added, or every TRON key, as a user',
  }),
})
