import { expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalog, stock, tools } from '#catalog'
import { findBreaks } from './client/breaks.ts'
import { publishDocument } from './client/document.ts'
import type { LooseFile } from './compose-loose.ts'
import { breaches } from './compose-rules.ts'
import { loadAccess, loadApiDocument, loadSchemas } from './derive.ts'
import { deriveFiles } from './derived-files.ts'
import { loadCollectionNames, storeServices } from './store-schemas.ts'

const root = join(import.meta.dir, '..', '..')
const read = (path: string) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined)

test('the committed files are what derive writes', async () => {
  const files = deriveFiles(
    catalog,
    await loadSchemas(Object.keys(catalog)),
    {
      stores: await loadCollectionNames(storeServices()),
      access: await loadAccess(Object.keys(catalog)),
      api: await loadApiDocument(),
    },
    read('services/README.md') ?? '',
  )
  const drift = files?.filter(({ path, text }) => read(path) !== text).map(({ path }) => path)
  expect(drift).toEqual([])
})

test('the public API breaks no client of the last release, but where that is declared', async () => {
  const folder = 'services/api-server/client'
  const released = JSON.parse(read(`${folder}/released.json`) ?? '')
  const declared: readonly { readonly break: string; readonly why: string }[] = JSON.parse(
    read(`${folder}/declared-breaks.json`) ?? '',
  )
  const found = findBreaks(released, publishDocument(await loadApiDocument()))
  expect(found).toEqual(declared.map((one) => one.break))
  expect(declared.filter(({ why }) => why.length < 20)).toEqual([])
})

test('the committed Compose files keep every rule, and every service of the catalogue is in one', () => {
  const names = readdirSync(join(root, 'compose')).flatMap(
    (name) => /^docker-compose\.(\w+)\.yaml$/.exec(name)?.[1] ?? [],
  )
  const files = Object.fromEntries(
    names.map((stack) => [stack, Bun.YAML.parse(read(`compose/docker-compose.${stack}.yaml`) ?? '') as LooseFile]),
  )
  expect(breaches(files)).toEqual([])
  const listed = Object.values(files).flatMap((file) => Object.keys(file.services ?? {}))
  expect(listed.toSorted()).toEqual(
    [...Object.keys(catalog), ...Object.keys(stock), ...Object.keys(tools), 'mongo-init'].toSorted(),
  )
})

test('an unknown flag is refused', async () => {
  const run = Bun.spawn([process.execPath, join(root, 'scripts/derive/derive.ts'), '--chek'], {
    stderr: 'pipe',
    stdout: 'pipe',
  })
  expect(await new Response(run.stderr).text()).toContain('--chek')
  expect(await run.exited).toBe(64)
})
