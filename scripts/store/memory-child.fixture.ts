import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqliteStore } from '#common/store/sqlite'
import type { Declaration, Doc, Stored } from '#common/store/store'
import { watchMemory } from '../testing/bench/memory.ts'
import { copyService } from './copy.ts'
import { findEndpoint } from './endpoint.ts'
import { chunk, fileIn } from './fixture.ts'
import { loadCollections, survey } from './survey.ts'
import { verifyService } from './verify.ts'

// The child of the memory test: prints the peak of copying and verifying so many documents of 2 KB, MiB.
const count = Number(process.argv[2])
const service = 'session-encryptor'
const folder = mkdtempSync(join(tmpdir(), 'lucid-memory-'))
const [source, target] = [join(folder, 'from'), join(folder, 'to')]

const store = sqliteStore({ path: fileIn(source, service) })
const collections = (await loadCollections([service])).flatMap((one) => one.collections)
const chunks = collections.find(({ name }) => name === 'encryptor_chunks') as Declaration<Doc>
for (let n = 0; n < count; n += 500)
  await store
    .collection(chunks)
    .restore(
      Array.from(
        { length: 500 },
        (_, at) => ({ ...chunk(n + at), padding: 'x'.repeat(1600) }) as Stored<Doc>,
      ),
    )
await store.close()

const options = { services: [service], ambient: {} }
const ends = {
  from: findEndpoint({ kind: 'sqlite', path: source, shown: 'from' }, { ...options, end: 'source' }),
  to: findEndpoint({ kind: 'sqlite', path: target, shown: 'to' }, { ...options, end: 'target' }),
}
Bun.gc(true)
const watch = watchMemory({ child: process.pid }, 50)
const plan = await survey({ service, collections }, ends)
const rows = await verifyService(plan, ends, { copied: await copyService(plan, ends) })
const equal = rows.every(({ verdict }) => verdict === 'equal')
const documents = rows.reduce((sum, { to }) => sum + to.documents, 0)
process.stdout.write(JSON.stringify({ equal, documents, peak: Math.round(watch.stop()['child']?.rss ?? 0) }))
rmSync(folder, { recursive: true, force: true })
