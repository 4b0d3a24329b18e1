import { compress } from '#common/engines/zstd'
import { start } from '#common/http/main'
import { type BufferPool, bufferPool } from '#common/stream/buffer-pool'
import { limiter } from '#common/stream/limiter'
import type { Api } from '#services/session-encryptor/routes'
import { encryptorOver } from './encryptor.ts'
import { Env } from './env.ts'
import { pipelines } from './pipelines.ts'
import { routes } from './routes.ts'

/** A chunk waits for its turn on a slow disk; longer than that the encryptor counts as gone. */
const TIMEOUT = 60_000
/** How often an idle process gives its spare buffers back, ms. */
const DRAIN_EVERY = 5_000

await start('session-chunker', Env, async ({ env, parts, reach, clientOf, onStop }) => {
  const pools = new Map<number, BufferPool>()
  const poolOf = (size: number): BufferPool => {
    const pool = pools.get(size) ?? bufferPool(size, env.CHUNKS_IN_FLIGHT + 1)
    pools.set(size, pool)
    return pool
  }
  const idle = setInterval(() => {
    if (all.count() === 0) for (const pool of pools.values()) pool.drain()
  }, DRAIN_EVERY)
  onStop(() => clearInterval(idle))
  const all = pipelines({
    encryptor: encryptorOver(clientOf<Api>('session-encryptor'), reach('session-encryptor', TIMEOUT)),
    compress,
    level: env.COMPRESSION_LEVEL,
    slot: limiter(env.CHUNKS_IN_FLIGHT),
    now: Date.now,
    pause: (ms) => Bun.sleep(ms),
    pool: poolOf,
  })
  return routes({
    pipelines: all,
    parts: { ...parts, status: () => ({ engines: { zstd: 'bun' }, open_streams: all.count() }) },
  })
})
