import { sqliteStore } from '#common/store/sqlite'
import { apiStoreContract } from './store-contract.fixture.ts'

apiStoreContract('bun:sqlite', async () => sqliteStore({ path: ':memory:' }))
