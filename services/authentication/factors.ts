import { join } from 'node:path'
import type { Static } from '@sinclair/typebox'
import type { Random } from '#common/engines/key-wrap'
import { errorFields, type Log } from '#common/process/log'
import type { Store } from '#common/store/store'
import { emails } from './emails.ts'
import type { Env } from './env.ts'
import { forgetFactors } from './factor-store.ts'
import { hardwareKeys } from './hardware-keys.ts'
import type { OwnKeys } from './keys.ts'
import { magicLinks } from './magic-link.ts'
import { smtpMailer, spoolMailer } from './mail.ts'
import { passkeys } from './passkeys.ts'
import { secondFactor } from './second-factor.ts'
import type { SignatureCheck } from './signature-check.ts'

/** A request for a link is looked at this long after its answer, ms. */
const LATER_MS = 100

export type FactorsParts = {
  readonly env: Pick<
    Static<typeof Env>,
    'CLUSTER_ID' | 'LUCID_DATA' | 'PUBLIC_URL' | 'PASSKEY_ORIGINS' | 'HARDWARE_SIGNATURES' | 'MAIL_FROM' | 'SMTP_URL'
  >
  readonly store: Store
  readonly keys: OwnKeys
  readonly check: SignatureCheck
  readonly random: Random
  readonly now: () => number
  readonly newId: () => string
  readonly log: Log
}

/** All other ways to prove who one is, as the environment wants them. */
export const factors = ({ env, store, keys, check, random, now, newId, log }: FactorsParts) => {
  const base = { store, random, now }
  const { origin, hostname } = new URL(env.PUBLIC_URL)
  const addresses = emails({ store })
  const from = env.MAIL_FROM
  return {
    emails: addresses,
    forget: (address: string) => store.transaction((tx) => forgetFactors(tx, address)),
    secondFactor: secondFactor({ ...base, key: keys.wrap }),
    passkeys: passkeys({
      ...{ ...base, key: keys.challenge, cluster: env.CLUSTER_ID, useNonce: check.use },
      ...{ rpId: hostname, origins: [origin, ...(env.PASSKEY_ORIGINS?.split(',') ?? [])] },
    }),
    hardwareKeys: hardwareKeys({ ...base, check, demand: env.HARDWARE_SIGNATURES }),
    magicLinks: magicLinks({
      ...{ ...base, publicUrl: origin, accountOf: addresses.accountOf },
      mailer:
        env.SMTP_URL === undefined
          ? spoolMailer({ folder: join(env.LUCID_DATA, 'mail'), from, now, newId })
          : smtpMailer({ url: env.SMTP_URL.reveal(), from }),
      later: (work) => setTimeout(work, LATER_MS),
      onFailure: (error) => log.error('magic-link-not-sent', errorFields(error)),
    }),
  }
}

export type Factors = ReturnType<typeof factors>
