import { sqliteStore } from '../store/sqlite.ts'
import { auditContract } from '../testing/audit-contract.ts'

auditContract('bun:sqlite', async () => sqliteStore({ path: ':memory:' }))
