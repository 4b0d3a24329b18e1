import { Fault, isFault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import { noSuchUser } from './accounts.ts'
import { factorTables } from './factor-store.ts'
import { type AccountDoc, tables, withoutRevision } from './store.ts'

/** The e-mail addresses that an admin gave to accounts of operators; each stands for one account. */
export const emails = ({ store }: { readonly store: Store }) => ({
  /** The account of an address in lower case, undefined when there is none that is active. */
  accountOf: async (email: string): Promise<string | undefined> => {
    const [account] = await tables(store).accounts.find({ where: { email, status: 'active' }, limit: 1 })
    return account?.id
  },
  of: async (address: string): Promise<string | undefined> => (await tables(store).accounts.get(address))?.email,
  /** Sets or takes away the address of an account that is as `expect` wants it; links on their way are void. Throws Fault missing, conflict `email-taken`. */
  set: (address: string, email: string | null, expect: (known: AccountDoc) => void) =>
    store.transaction(async (tx) => {
      const { accounts } = tables(tx)
      const known = await accounts.get(address)
      if (known === undefined) throw noSuchUser()
      expect(known)
      const { email: _, ...rest } = withoutRevision(known)
      const { links } = factorTables(tx)
      for (const { id } of await links.find({ where: { address } })) await links.remove(id)
      return accounts
        .replace({ ...rest, ...(email !== null && { email: email.toLowerCase() }) }, known.rev)
        .catch((error) => {
          if (!isFault(error, 'duplicate')) throw error
          throw new Fault(
            'conflict',
            'email-taken',
            'another account has this e-mail address: take it away there first',
          )
        })
    }),
})
