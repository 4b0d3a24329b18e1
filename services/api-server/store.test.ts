import { sqliteStore } from '#common/store/sqlite'
import { apiStoreContract } from './store-contract.fixture.ts'

apiStoreContract('bun:sqlite', async () => {
  const store = sqliteStore({ path: ':memory:' })
  return [store, store]
})
