import type { Store } from '#common/store/store'
import { factorTables } from './factor-store.ts'
import { tables, withoutRevision } from './store.ts'

/**
 * Undoes what a backup brings back of people: their sign-ins and the keys of access tokens, ways in that they may have
 * taken away since, and the trust in their roles. Nobody is let in until an admin says again what he is.
 */
export const distrustRestored = (store: Store): Promise<void> =>
  store.transaction(async (tx) => {
    const { accounts, signIns, keys, codes } = tables(tx)
    const { links, passkeys } = factorTables(tx)
    // A sign-in that is not there is one that has ended.
    for (const table of [signIns, keys, codes, links, passkeys])
      for (const { id } of await table.find({})) await table.remove(id)
    for (const doc of await accounts.find({ where: { status: 'active' } }))
      await accounts.replace({ ...withoutRevision(doc), status: 'restored' }, doc.rev)
  })
