import { type Random, unwrapKey, wrapKey } from '#common/engines/key-wrap'
import { Fault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import { fromHex, utf8 } from '#common/stream/bytes'
import { factorTables, type TotpDoc } from './factor-store.ts'
import { withoutRevision } from './store.ts'
import { describeTotp, hashRecoveryCode, makeRecoveryCodes, matchTotp, TOTP_SECRET_SIZE } from './totp.ts'

/** SPEC section 7. */
const MOST_FAILURES = 5
const LOCK_MS = 15 * 60_000

export type SecondFactorParts = {
  readonly store: Store
  /** Wraps the secrets of the apps. */
  readonly key: Uint8Array
  readonly random: Random
  readonly now: () => number
}

const wrapFor = (address: string) => ({ purpose: 'lucid/totp/v1', id: utf8(address) })

const wrong = () =>
  new Fault(
    'unauthenticated',
    'totp-wrong',
    'the code is wrong or was used before: wait for the next one of the app, or use a recovery code',
  )

const locked = (until: number, now: number) =>
  new Fault('exhausted', 'totp-locked', 'too many wrong codes: wait, or sign in with a recovery code', {
    retryAfter: until - now,
  })

type Verdict = { readonly set: Partial<TotpDoc>; readonly fault?: Fault }

/** What a code means for an account, and what changes by it. `openSecret` is asked for a code of the app alone. */
const judge = (doc: TotpDoc, code: string, now: number, openSecret: () => Uint8Array): Verdict => {
  if (code.includes('-')) {
    const rest = doc.recovery.filter((hash) => hash !== hashRecoveryCode(code))
    const isGood = rest.length < doc.recovery.length
    return isGood ? { set: { recovery: rest } } : { set: {}, fault: wrong() }
  }
  if (now < doc.locked_until) return { set: {}, fault: locked(doc.locked_until, now) }
  const step = matchTotp(code, { secret: openSecret(), now, after: doc.step })
  if (step !== undefined) return { set: { step, failures: 0 } }
  const failures = doc.failures + 1
  const set = failures >= MOST_FAILURES ? { failures: 0, locked_until: now + LOCK_MS } : { failures }
  return { set, fault: wrong() }
}

/**
 * TOTP as second factor of accounts. Whoever is asked for a code has signed validly before, so nobody can lock out
 * another: after five wrong codes in a row no code of the app is judged for 15 min, since six digits can be guessed;
 * a recovery code always is.
 */
export const secondFactor = ({ store, key, random, now }: SecondFactorParts) => {
  const openSecret = ({ id, wrapped }: TotpDoc) => unwrapKey(key, wrapFor(id), fromHex(wrapped))

  /** Judges a code and keeps what follows from it in one transaction, so that no code counts twice and no failure is lost. */
  const use = async (address: string, code: string, also: Partial<TotpDoc> = {}): Promise<void> => {
    const fault = await store.transaction(async (tx) => {
      const { totp } = factorTables(tx)
      const doc = await totp.get(address)
      if (doc === undefined) return missing()
      const verdict = judge(doc, code, now(), () => openSecret(doc))
      const set = verdict.fault === undefined ? { ...verdict.set, ...also } : verdict.set
      await totp.replace({ ...withoutRevision(doc), ...set }, doc.rev)
      return verdict.fault
    })
    if (fault !== undefined) throw fault
  }

  const missing = () =>
    new Fault('missing', 'totp-not-set-up', 'this account has no authenticator app: set one up first')
  const table = () => factorTables(store).totp

  return {
    /** What /auth/me says of it. */
    describe: async (address: string) => {
      const doc = await table().get(address)
      return { totp: doc?.confirmed === true, recovery_codes: doc?.recovery.length ?? 0 }
    },
    /** Begins: a new secret, in force once `confirm` saw a code of it. Throws Fault conflict `totp-set-up`. */
    enrol: (address: string) =>
      store.transaction(async (tx) => {
        const { totp } = factorTables(tx)
        const before = await totp.get(address)
        if (before?.confirmed)
          throw new Fault(
            'conflict',
            'totp-set-up',
            'this account has an authenticator app: take it away first (bun run lucid totp off)',
          )
        const secret = random(TOTP_SECRET_SIZE)
        const wrapped = wrapKey(key, wrapFor(address), secret, random).toHex()
        const doc = { id: address, wrapped, confirmed: false, step: -1, recovery: [], failures: 0, locked_until: 0 }
        await (before ? totp.replace(doc, before.rev) : totp.insert(doc))
        return describeTotp(secret, address)
      }),
    /** Puts the secret in force, and answers the recovery codes: the only time that anybody sees them. */
    confirm: async (address: string, code: string) => {
      const codes = makeRecoveryCodes(random)
      await use(address, code, { confirmed: true, recovery: codes.map(hashRecoveryCode) })
      return codes
    },
    /**
     * Lets on whoever has no authenticator app, or a good code; answers which it was. Throws Fault `totp-required`, `totp-wrong`, `totp-locked`.
     */
    require: async (address: string, code: string | undefined): Promise<readonly string[]> => {
      if (!(await table().get(address))?.confirmed) return []
      if (code === undefined)
        throw new Fault(
          'unauthenticated',
          'totp-required',
          'this account has a second factor: send the code of the app, or a recovery code, as totp',
        )
      await use(address, code)
      return [code.includes('-') ? 'recovery-code' : 'totp']
    },
    /** Takes it away, for a good code. */
    remove: async (address: string, code: string) => {
      await use(address, code)
      await table().remove(address)
    },
  }
}

export type SecondFactor = ReturnType<typeof secondFactor>
