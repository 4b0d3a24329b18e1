import { catalog } from '#catalog'
import { start } from '#common/http/main'
import { readPublic } from '#common/http/read-public'
import { version } from '#common/http/service'
import { backoff } from '#common/process/backoff'
import { urlKey } from '#common/process/env'
import { poller } from '#common/stream/poller'
import { Env, sourceNames } from './env.ts'
import { documentRegistry } from './registry.ts'
import { routes } from './routes.ts'

const OWN = 'openapi-server'
/** Longest document that is read, bytes: the largest of ours is 50 kB. */
const MAX_BYTES = 4 * 1024 * 1024
/** Wait before somebody who was not there is asked again, ms; doubles up to the usual interval. */
const AGAIN = 500

type Addresses = Readonly<Record<string, string>>

/** Every service whose document is merged, this one included, in order of name. */
const sources = [...sourceNames, OWN].sort().map((name) => {
  const { summary, port } = catalog[name as keyof typeof catalog] // both lists are of names in the catalogue
  return { service: name, summary, address: `http://${name}:${port}` }
})

await start(OWN, Env, async ({ env, log, parts, onStop }) => {
  const addresses = env as unknown as Addresses // the keys of env.ts are computed
  const ownText = async () => (await app.handle(new Request('http://localhost/openapi.json'))).text()
  const registry = documentRegistry({
    sources,
    version,
    now: Date.now,
    read: async (name) =>
      name === OWN
        ? { text: await ownText() }
        : readPublic(`${addresses[urlKey(name)] ?? ''}/openapi.json`, { timeoutMs: 3000, maxBytes: MAX_BYTES }),
  })
  const app = routes({
    registry,
    parts: {
      ...parts,
      checks: { documents: registry.requireFresh },
      soft: ['documents'],
      status: () => ({
        documents: registry.index(),
        conflicts: registry.merged().conflicts,
        etag: registry.merged().etag,
      }),
    },
  })
  let lacking = 0
  let last = ''
  const loop = poller({
    step: async () => {
      await registry.refresh()
      const stale = registry.index().filter(({ state }) => state !== 'fresh')
      const which = JSON.stringify(stale.map(({ service, state, detail }) => [service, state, detail]))
      if (which !== last) log.info('documents', { not_fresh: stale.length, which })
      last = which
      lacking = stale.length === 0 ? 0 : lacking + 1
      return lacking === 0 ? env.REFRESH_MS : backoff(lacking - 1, { first: AGAIN, most: env.REFRESH_MS })
    },
    onError: (error) => {
      log.error('refresh-failed', { error: String(error) })
      return env.REFRESH_MS
    },
  })
  onStop(loop.stop)
  return app
})
