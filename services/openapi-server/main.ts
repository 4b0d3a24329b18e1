import { catalog } from '#catalog'
import { start } from '#common/http/main'
import { readPublic } from '#common/http/read-public'
import { version } from '#common/http/service'
import { backoff } from '#common/process/backoff'
import { urlKey } from '#common/process/env'
import { poller } from '#common/stream/poller'
import { Env, read } from './env.ts'
import { library } from './library.ts'
import { routes } from './routes.ts'

const OWN = 'openapi-server'
/** Longest document that is read, bytes: the largest of ours is 50 kB. */
const MAX_BYTES = 4 * 1024 * 1024
/** Wait before somebody who was not there is asked again, ms; doubles up to the usual interval. */
const AGAIN = 500

await start(OWN, Env, async ({ env, log, parts, onStop }) => {
  const addresses = env as unknown as Readonly<Record<string, string>> // the keys of env.ts are computed
  const at = (name: string) => addresses[urlKey(name)] ?? ''
  const books = [...read, OWN].sort().map((service) => ({
    service,
    summary: catalog[service as keyof typeof catalog].summary, // both lists are of names in the catalogue
    address: `http://${service}:${catalog[service as keyof typeof catalog].port}`,
  }))
  const ownText = async () => (await app.handle(new Request('http://localhost/openapi.json'))).text()
  const shelves = library({
    books,
    version,
    now: Date.now,
    read: async (name) =>
      name === OWN
        ? { text: await ownText() }
        : readPublic(`${at(name)}/openapi.json`, { timeoutMs: 3000, maxBytes: MAX_BYTES }),
  })
  const app = routes({
    library: shelves,
    parts: {
      ...parts,
      checks: { documents: shelves.whole },
      soft: ['documents'],
      status: () => ({
        documents: shelves.shelves(),
        conflicts: shelves.merged().conflicts,
        etag: shelves.merged().etag,
      }),
    },
  })
  let lacking = 0
  let last = ''
  const loop = poller({
    step: async () => {
      await shelves.refresh()
      const found = shelves.shelves().filter(({ state }) => state !== 'fresh')
      const told = JSON.stringify(found.map(({ service, state, detail }) => [service, state, detail]))
      if (told !== last) log.info('documents', { not_fresh: found.length, which: told })
      last = told
      lacking = found.length === 0 ? 0 : lacking + 1
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
