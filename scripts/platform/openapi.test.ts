import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { catalog } from '#catalog'
import { bringUp, type Prepared } from './platform.ts'

/** The whole platform as processes: what the services really say of themselves. */

// Only a hang is ended by it.
setDefaultTimeout(300_000)

type Shelf = { readonly service: string; readonly state: string; readonly since?: number }
type Item = Readonly<Record<string, { readonly security?: readonly object[] }>>
type Merged = { readonly paths: Readonly<Record<string, Item>>; readonly tags: readonly { readonly name: string }[] }

const root = mkdtempSync(join(tmpdir(), 'lucid-openapi-'))
let platform: Prepared
beforeAll(async () => {
  const env = { 'openapi-server': { REFRESH_MS: '200' } }
  platform = await bringUp({ home: join(root, 'home'), ports: 'free', env, ambient: process.env })
})
afterAll(async () => {
  await platform?.stop()
  rmSync(root, { recursive: true, force: true })
})

const read = async <T>(service: keyof typeof catalog, path: string): Promise<T> =>
  (await (await fetch(`${platform.urls[service]}${path}`)).json()) as T // what its routes promise
const shelves = async () => (await read<{ documents: readonly Shelf[] }>('openapi-server', '/status')).documents

/** Asks until all stand as they should. */
const until = async (settled: (all: readonly Shelf[]) => boolean): Promise<readonly Shelf[]> => {
  for (;;) {
    const all = await shelves()
    if (settled(all)) return all
    await Bun.sleep(50)
  }
}

test('every service is in the one document, which is valid OpenAPI 3.1 and says who needs a token', async () => {
  const running = platform.views().map(({ name }) => name)
  const isRunning = ({ service }: Shelf) => running.includes(service)
  const all = await until((found) => found.filter(isRunning).every(({ state }) => state === 'fresh'))
  expect(all.map(({ service }) => service)).toEqual(Object.keys(catalog).toSorted())
  const merged = await read<Merged>('openapi-gateway', '/docs/openapi.json')
  const validator = new Validator()
  const { valid, errors } = await validator.validate(structuredClone(merged))
  expect({ valid, errors, version: validator.version }).toEqual({ valid: true, errors: undefined, version: '3.1' })
  expect(merged.tags.map(({ name }) => name)).toEqual(Object.keys(catalog).toSorted())
  for (const name of running) expect(merged.paths[`/${name}/health`]?.['get']?.security).toEqual([])
  expect(merged.paths['/session-encryptor/encrypt']?.['post']?.security).toEqual([{ serviceToken: [] }])
  expect(merged.paths['/openapi-server/openapi/merged.json']?.['get']?.security).toEqual([{ serviceToken: [] }])
})

test('a service that stops keeps its part, marked stale, and the server stays healthy', async () => {
  const before = await read<Merged>('openapi-gateway', '/docs/openapi.json')
  await platform.halt('merkle-builder')
  const gone = ({ service }: Shelf) => service === 'merkle-builder'
  const all = await until((found) => found.some((one) => gone(one) && one.state === 'stale'))
  expect(all.find(gone)?.since).toBeNumber()
  const after = await read<Merged>('openapi-gateway', '/docs/openapi.json')
  expect(after.paths).toEqual(before.paths)
  expect(after.tags.find(({ name }) => name === 'merkle-builder')).toMatchObject({
    'x-lucid-trouble': { what: 'it cannot be reached', kept: true },
  })
  expect((await fetch(`${platform.urls['openapi-server']}/health`)).status).toBe(200)
})
