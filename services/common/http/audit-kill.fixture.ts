/**
 * A service with an audit stream in a process of its own, for audit-kill.test.ts: bun audit-kill.fixture.ts FOLDER.
 * POST /do/:id does something, inserting a document, and is audited. Prints its port.
 */
import { join } from 'node:path'
import { t } from 'elysia'
import { auditLog } from '../audit/log.ts'
import { silentLog } from '../process/log.ts'
import { sqliteStore } from '../store/sqlite.ts'
import type { Declaration } from '../store/store.ts'
import { openGuard } from '../testing/app.ts'
import { service } from './service.ts'

type Done = { readonly id: string }
const done: Declaration<Done> = { name: 'done', fields: {} }

const store = sqliteStore({ path: join(process.argv[2] ?? '', 'store.sqlite') })
const seed = new Uint8Array(32).fill(7)
const audit = auditLog({ store, service: 'merkle-builder', seed, now: Date.now, log: silentLog })
const app = service('merkle-builder', { guard: openGuard, log: silentLog, audit }).post(
  '/do/:id',
  async ({ params: { id } }) => {
    await store.collection(done).insert({ id })
    return { id }
  },
  { response: { 200: t.Object({ id: t.String() }) }, callers: ['operator'] },
)
app.listen({ hostname: '127.0.0.1', port: 0 })
console.log(app.server?.port)
