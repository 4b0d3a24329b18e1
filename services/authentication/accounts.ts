import { blake3 } from '#common/engines/blake3'
import type { Random } from '#common/engines/key-wrap'
import { mayDo, type Role } from '#common/people/permissions'
import { Fault } from '#common/process/fault'
import type { Store, Stored } from '#common/store/store'
import { utf8 } from '#common/stream/bytes'
import { type AccountDoc, tables, withoutRevision } from './store.ts'

/** How long the one-time code of an admin is good, ms. */
const CODE_LIFETIME = 3_600_000

/** Digits and letters that nobody mistakes for each other (Crockford's base 32). */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

const hashOf = (code: string) => blake3(utf8(`lucid/admin-code/v1:${code}`)).toHex()

/** A code as people copy it: case, spaces and hyphens do not matter. */
const readCode = (text: string) => text.toUpperCase().replaceAll(/[\s-]/g, '')

const withRoles = (roles: readonly Role[]) => ({ roles: [...new Set(roles)], admin: mayDo(roles, 'admin_access') })

const activeAdmins = (store: Store) => tables(store).accounts.count({ admin: true, status: 'active' })

/** What is answered for an address that has no account. */
export const noSuchUser = () =>
  new Fault('missing', 'no-such-user', 'there is no account of this address: add it first')

export type AccountsParts = {
  readonly store: Store
  readonly signUp: 'invited' | 'open'
  readonly now: () => number
  readonly random: Random
  /** Throws what a wrong code gets. */
  readonly refuse: (address: string, fault: Fault) => never
}

/** Who has an account, with which roles, and how the first admin comes to his. */
export const accounts = ({ store, signUp, now, random, refuse }: AccountsParts) => {
  const useCode = async (tx: Store, code: string, address: string): Promise<void> => {
    const { codes } = tables(tx)
    const doc = await codes.get('admin')
    if (doc === undefined || doc.hash !== hashOf(readCode(code))) {
      const detail = 'this code is not good, or was used; bun run recover admin makes a new one'
      return refuse(address, new Fault('unauthenticated', 'bad-code', detail))
    }
    if (doc.expires <= now())
      throw new Fault('unauthenticated', 'code-expired', 'this code has expired; bun run recover admin makes a new one')
    await codes.remove('admin', doc.rev)
  }

  const enter = async (tx: Store, address: string, roles: readonly Role[]): Promise<Stored<AccountDoc>> => {
    const table = tables(tx).accounts
    const known = await table.get(address)
    const status = 'active' as const
    if (known === undefined) return table.insert({ id: address, created_at: now(), status, ...withRoles(roles) })
    const all = withRoles([...known.roles, ...roles])
    return table.replace({ ...withoutRevision(known), ...all, status, revoked_at: now() - 1 }, known.rev)
  }

  /** Whoever opens a closed account again brings none of its sign-ins back. */
  const endSignIns = async (tx: Store, address: string): Promise<void> => {
    const { signIns } = tables(tx)
    for (const { rev, ...doc } of await signIns.find({ where: { address, ends_at: { gt: now() } } }))
      if (doc.ended_at === undefined)
        await signIns.replace({ ...doc, ended_at: now(), end_reason: 'account-closed' }, rev)
  }

  return {
    /**
     * The account that signs in: as it is, an admin's by a code of the operator, or made by itself where that is open.
     * Throws Fault unauthenticated `bad-code`, `code-expired`, forbidden `not-invited`, `account-closed`, `account-restored`.
     */
    admit: async (tx: Store, address: string, code: string | undefined): Promise<AccountDoc> => {
      if (code !== undefined) {
        await useCode(tx, code, address)
        return enter(tx, address, ['admin'])
      }
      const known = await tables(tx).accounts.get(address)
      if (known === undefined && signUp === 'open') return enter(tx, address, ['user'])
      if (known === undefined)
        throw new Fault(
          'forbidden',
          'not-invited',
          'this address has no account here: an admin adds it (bun run lucid users add ADDRESS)',
        )
      if (known.status === 'closed')
        throw new Fault('forbidden', 'account-closed', 'this account is closed: ask an admin')
      if (known.status === 'restored')
        throw new Fault(
          'forbidden',
          'account-restored',
          'this account came back with a backup, and its roles may be old: an admin says them anew (bun run lucid users roles)',
        )
      return known
    },

    /** In the order of addresses, those behind `after`. */
    list: ({ after = '', limit }: { readonly after?: string | undefined; readonly limit: number }) =>
      tables(store).accounts.find({ where: { id: { gt: after } }, sort: [['id', 'asc']], limit }),

    /** Throws Fault missing `no-such-user`. */
    get: async (address: string): Promise<AccountDoc> => {
      const known = await tables(store).accounts.get(address)
      if (known === undefined) throw noSuchUser()
      return known
    },

    /**
     * Adds a person or changes his roles; access tokens of before are void. `expect` throws unless the account, if any, is
     * as the caller knows it. Throws Fault missing `no-such-user` where there is none to close, conflict `last-admin`.
     */
    set: (
      address: string,
      change: { readonly roles: readonly Role[]; readonly status: AccountDoc['status'] },
      expect: (known: AccountDoc | undefined) => void,
    ) =>
      store.transaction(async (tx) => {
        const table = tables(tx).accounts
        const known = await table.get(address)
        expect(known)
        const next = { ...withRoles(change.roles), status: change.status }
        if (known === undefined && next.status === 'closed') throw noSuchUser()
        if (known === undefined) return table.insert({ id: address, created_at: now(), ...next })
        const isActiveAdmin = (doc: Pick<AccountDoc, 'admin' | 'status'>) => doc.admin && doc.status === 'active'
        if (isActiveAdmin(known) && !isActiveAdmin(next) && (await activeAdmins(tx)) === 1)
          throw new Fault('conflict', 'last-admin', 'this is the last admin: make another one first')
        if (next.status === 'closed') await endSignIns(tx, address)
        return table.replace({ ...withoutRevision(known), ...next, revoked_at: now() }, known.rev)
      }),

    /** Throws Fault forbidden `not-an-admin` unless this address is one now, whatever the token of who asked said. */
    requireAdmin: async (address: string | undefined): Promise<void> => {
      const known = address === undefined ? undefined : await tables(store).accounts.get(address)
      if (known?.admin === true && known.status === 'active') return
      throw new Fault('forbidden', 'not-an-admin', 'only an admin may do this')
    },

    hasAdmin: async () => (await activeAdmins(store)) > 0,

    /** A new one-time code for an admin, in place of any before. Throws Fault conflict `admin-exists` unless `recover`. */
    newCode: async (recover: boolean): Promise<{ readonly code: string; readonly expires: number }> => {
      const code = Array.from(random(20), (byte) => ALPHABET[byte % ALPHABET.length]).join('')
      const expires = now() + CODE_LIFETIME
      await store.transaction(async (tx) => {
        if (!recover && (await activeAdmins(tx)) > 0)
          throw new Fault(
            'conflict',
            'admin-exists',
            'there is an admin already; bun run recover admin makes a code all the same',
          )
        const { codes } = tables(tx)
        const doc = { id: 'admin' as const, hash: hashOf(code), expires }
        const known = await codes.get('admin')
        await (known === undefined ? codes.insert(doc) : codes.replace(doc, known.rev))
      })
      return { code: code.replaceAll(/(.{5})(?=.)/g, '$1-'), expires }
    },
  }
}

export type Accounts = ReturnType<typeof accounts>
