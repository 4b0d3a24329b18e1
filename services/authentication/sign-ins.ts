import type { Revocation } from '#common/people/sign-ins'
import { Fault } from '#common/process/fault'
import type { Store, Stored } from '#common/store/store'
import type { Accounts } from './accounts.ts'
import type { SignInBody } from './model.ts'
import { judgeGeneration, LONGEST_SIGN_IN, REFRESH_LIFETIME, readRefreshToken } from './refresh-token.ts'
import type { SecondFactor } from './second-factor.ts'
import { SIGN_IN, type SignatureCheck } from './signature-check.ts'
import { type AccountDoc, type SignInDoc, tables, withoutRevision } from './store.ts'

/** One person may have so many devices at once; the longest unused is signed out for the next. */
const MOST_DEVICES = 50
/** Together what `SignInState` has room for. */
const MOST_REVOKED = { addresses: 10_000, signIns: 90_000 }

export type SignedIn = { readonly account: AccountDoc; readonly signIn: SignInDoc }

export type SignInsParts = {
  readonly store: Store
  readonly accounts: Pick<Accounts, 'admit'>
  readonly check: Pick<SignatureCheck, 'require' | 'use'>
  readonly secondFactor: Pick<SecondFactor, 'require'>
  readonly refreshKey: Uint8Array
  readonly now: () => number
  readonly newId: () => string
}

const denied = (code: string, detail: string) => new Fault('unauthenticated', code, detail)

const isLive = ({ ended_at, ends_at }: SignInDoc, at: number) => ended_at === undefined && ends_at > at

/** What people are signed in with: from a signed challenge, over refresh tokens, to the end. */
export const signIns = ({ store, accounts, check, secondFactor, refreshKey, now, newId }: SignInsParts) => {
  const live = async (within: Store, address: string): Promise<readonly Stored<SignInDoc>[]> => {
    const at = now()
    const query = { where: { address, ends_at: { gt: at } }, sort: [['ends_at', 'desc']] } as const
    return (await tables(within).signIns.find(query)).filter((doc) => isLive(doc, at))
  }

  const end = async (tx: Store, doc: Stored<SignInDoc>, reason: string): Promise<void> => {
    const ended = { ...withoutRevision(doc), ended_at: now(), end_reason: reason }
    if (doc.ended_at === undefined) await tables(tx).signIns.replace(ended, doc.rev)
  }

  /** Signs a person in who has proved who he is, in the transaction of the proof. */
  const open = async (
    tx: Store,
    account: AccountDoc,
    { device, methods }: Pick<SignInDoc, 'device' | 'methods'>,
  ): Promise<SignedIn> => {
    for (const doc of (await live(tx, account.id)).slice(MOST_DEVICES - 1)) await end(tx, doc, 'too-many')
    const at = now()
    const times = { created_at: at, rotated_at: at, ends_at: at + REFRESH_LIFETIME }
    const doc = { id: newId(), address: account.id, device, methods, generation: 0, ...times }
    return { account, signIn: await tables(tx).signIns.insert(doc) }
  }

  /** What a refresh token is worth now; ends the sign-in of one that was used before. */
  const rotate = (read: { readonly signIn: string; readonly generation: number }) =>
    store.transaction(async (tx): Promise<SignedIn | 'ended' | 'reused'> => {
      const { signIns: table, accounts: people } = tables(tx)
      const at = now()
      const doc = await table.get(read.signIn)
      if (doc === undefined || !isLive(doc, at)) return 'ended'
      const account = await people.get(doc.address)
      if (account === undefined || account.status !== 'active') return 'ended'
      const { generation: current, rotated_at: rotatedAt } = doc
      const meaning = judgeGeneration(read.generation, { current, rotatedAt, now: at })
      if (meaning === 'again') return { account, signIn: doc }
      if (meaning === 'reused') {
        await end(tx, doc, 'refresh-token-reused')
        return 'reused'
      }
      const ends_at = Math.min(at + REFRESH_LIFETIME, doc.created_at + LONGEST_SIGN_IN)
      const next = { ...withoutRevision(doc), generation: current + 1, rotated_at: at, ends_at }
      return { account, signIn: await table.replace(next, doc.rev) }
    })

  return {
    open,

    /** Signs a person in by a signed challenge. Throws Fault unauthenticated, forbidden, exhausted `locked`. */
    bySignature: async ({ address, nonce, signature, code, totp, device = '' }: SignInBody): Promise<SignedIn> => {
      const expires = check.require({ address, nonce, signature, purpose: SIGN_IN })
      // Before the nonce is used up: whoever is asked for a code need not sign again.
      const factors = await secondFactor.require(address, totp)
      return store.transaction(async (tx) => {
        await check.use(tx, nonce, expires)
        return open(tx, await accounts.admit(tx, address, code), { device, methods: ['tron', ...factors] })
      })
    },

    /** Signs in whom another proof named. Throws Fault forbidden `not-invited`, `account-closed`. */
    byProof: (address: string, sign: Pick<SignInDoc, 'device' | 'methods'>): Promise<SignedIn> =>
      store.transaction(async (tx) => open(tx, await accounts.admit(tx, address, undefined), sign)),

    /**
     * Exchanges a refresh token for the next generation. One that was used before was stolen: it ends the sign-in.
     * Throws Fault unauthenticated `bad-refresh-token`, `signed-out`, `refresh-token-reused`.
     */
    refresh: async (token: string): Promise<SignedIn> => {
      const read = readRefreshToken(refreshKey, token)
      if (read === undefined) throw denied('bad-refresh-token', 'this is no refresh token of ours: sign in again')
      const outcome = await rotate(read)
      if (outcome === 'reused')
        throw denied(
          'refresh-token-reused',
          'this refresh token was used before, so its sign-in was ended: sign in again',
        )
      if (outcome === 'ended') throw denied('signed-out', 'this sign-in has ended: sign in again')
      return outcome
    },

    list: (address: string) => live(store, address),

    /** Ends one sign-in of a person. Throws Fault missing `no-such-sign-in`. */
    end: (address: string, id: string, reason: string) =>
      store.transaction(async (tx) => {
        const doc = await tables(tx).signIns.get(id)
        if (doc === undefined || doc.address !== address)
          throw new Fault('missing', 'no-such-sign-in', 'you have no sign-in of this id')
        await end(tx, doc, reason)
      }),

    /** What voids access tokens that were made in the last `window` ms; of more than can be told the newest. */
    revoked: async (window: number, most = MOST_REVOKED): Promise<Revocation[]> => {
      const since = { gte: now() - window }
      const { signIns: table, accounts: people } = tables(store)
      const [changed, ended] = await Promise.all([
        people.find({ where: { revoked_at: since }, sort: [['revoked_at', 'desc']], limit: most.addresses }),
        table.find({ where: { ended_at: since }, sort: [['ended_at', 'desc']], limit: most.signIns }),
      ])
      return [
        ...changed.map(({ id, revoked_at = 0 }) => ({ address: id, before: revoked_at })),
        ...ended.map(({ id, ended_at = 0 }) => ({ session: id, before: ended_at })),
      ]
    },

    /** Forgets what ended by itself: nonces at once, sign-ins a week later. */
    sweep: async (): Promise<void> => {
      const { nonces, signIns: table } = tables(store)
      const at = now()
      for (const { id } of await nonces.find({ where: { expires: { lt: at } }, limit: 1000 })) await nonces.remove(id)
      const past = { where: { ends_at: { lt: at - REFRESH_LIFETIME } }, limit: 1000 }
      for (const { id } of await table.find(past)) await table.remove(id)
    },
  }
}

export type SignIns = ReturnType<typeof signIns>
