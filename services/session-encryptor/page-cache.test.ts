import { expect, test } from 'bun:test'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDropFromCache } from './page-cache.ts'

test('a file whose pages were dropped still holds every byte', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lucid-page-cache-'))
  const path = join(folder, 'chunk')
  const bytes = crypto.getRandomValues(new Uint8Array(50_000))
  const file = await open(path, 'w')
  await file.write(bytes)
  await file.datasync()
  openDropFromCache()(file.fd)
  await file.close()
  expect(new Uint8Array(await readFile(path))).toEqual(bytes)
  await rm(folder, { recursive: true })
})

test('a descriptor that is none is no failure', () => {
  expect(openDropFromCache()(-1)).toBeUndefined()
})
