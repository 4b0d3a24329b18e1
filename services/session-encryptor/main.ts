import { join } from 'node:path'
import { aeadEngine } from '#common/engines/aead'
import { blake3Engine } from '#common/engines/blake3'
import { start } from '#common/http/main'
import { Counter } from '#common/http/metrics'
import { machineRandom } from '#common/process/random'
import { fromHex } from '#common/stream/bytes'
import { chunkFolder } from './chunk-folder.ts'
import { Env } from './env.ts'
import { erasures } from './erasure-folder.ts'
import { openDropFromCache } from './page-cache.ts'
import { routes } from './routes.ts'
import { sessions } from './sessions.ts'
import { schema, tables } from './store.ts'

await start('session-encryptor', Env, async ({ env, log, parts, openStore }) => {
  const store = await openStore(schema)
  const folder = chunkFolder({
    root: join(env.LUCID_DATA, 'chunks'),
    freeBytesKept: env.FREE_BYTES_KEPT,
    dropFromCache: openDropFromCache(),
  })
  const swept = await folder.sweep()
  if (swept > 0) log.warn('half-written-chunks-deleted', { count: swept })
  const [aead, blake3] = await Promise.all([aeadEngine(), blake3Engine()])
  for (const engine of [aead, blake3])
    for (const { name, reason } of engine.rejected)
      log.warn('slow-engine', { engine: engine.name, instead_of: name, reason })
  const chunksWritten = new Counter({
    name: 'lucid_chunks_encrypted_total',
    help: 'Chunks made durable',
    registers: parts.metrics ? [parts.metrics] : [],
  })
  const marks = erasures(join(env.LUCID_DATA, 'erased'))
  const masterKey = fromHex(env.MASTER_KEY.reveal(), 32)
  const all = sessions({ store, masterKey, random: machineRandom, markErased: marks.mark })
  const repeated = await marks.repeat((session) => all.erase(session, Date.now()))
  if (repeated > 0) log.warn('keys-of-a-backup-erased-again', { count: repeated })
  return routes({
    store,
    sessions: all,
    folder,
    aead,
    random: machineRandom,
    now: Date.now,
    maxSessionBytes: env.MAX_SESSION_BYTES,
    chunksWritten,
    parts: {
      ...parts,
      status: async () => ({
        engines: { aead: aead.name, blake3: blake3.name, rejected: [...aead.rejected, ...blake3.rejected] },
        open_sessions: await tables(store).sessions.count({ sealed: false }),
        incidents: await tables(store).incidents.count(),
      }),
    },
  })
})
