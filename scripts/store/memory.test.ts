import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqliteStore } from '#common/store/sqlite'
import type { Declaration, Doc, Stored } from '#common/store/store'
import { watchMemory } from '../testing/bench/memory.ts'
import { chunk, fileIn } from './fixture.ts'
import { loadCollections } from './survey.ts'

const linux = process.platform === 'linux'
if (!linux) console.log('NOT RUN: memory of a copy: peaks are read from /proc')

const folder = mkdtempSync(join(tmpdir(), 'lucid-memory-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const service = 'session-encryptor'
const collections = (await loadCollections([service])).flatMap((one) => one.collections)
const chunks = collections.find(({ name }) => name === 'encryptor_chunks') as Declaration<Doc>

/** A state folder with so many documents of 2 KB. */
const plant = async (count: number): Promise<string> => {
  const root = join(folder, String(count))
  const store = sqliteStore({ path: fileIn(root, service) })
  for (let n = 0; n < count; n += 500)
    await store
      .collection(chunks)
      .restore(Array.from({ length: 500 }, (_, at) => ({ ...chunk(n + at), padding: 'x'.repeat(1600) }) as Stored<Doc>))
  await store.close()
  return root
}

/** The peak of the command that copies and verifies so many documents, MiB. */
const measurePeak = async (count: number): Promise<number> => {
  const from = await plant(count)
  const ends = ['--from', `sqlite:${from}`, '--to', `sqlite:${from}-copy`, '--service', service, '--json']
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'store.ts'), 'copy', ...ends], {
    stdout: 'pipe',
    stderr: 'ignore',
  })
  const memory = watchMemory({ child: child.pid }, 50)
  const report = JSON.parse(await new Response(child.stdout).text())
  const peak = memory.stop()['child']?.pss ?? 0 // sampled: the high-water mark is gone with the process
  expect([await child.exited, report.equal]).toEqual([0, true])
  expect(report.collections).toContainEqual(
    expect.objectContaining({ collection: chunks.name, to: expect.objectContaining({ documents: count }) }),
  )
  expect(peak).toBeGreaterThan(0)
  return Math.round(peak)
}

/** 200 MB of documents must not be in memory, nor a tenth of what they are as objects. */
const GROWTH_MIB = 96

test.skipIf(!linux)(
  'copying and verifying 100,000 documents takes the memory that 10,000 take',
  async () => {
    const [few, many] = [await measurePeak(10_000), await measurePeak(100_000)]
    console.log(`peak memory of a copy: ${few} MiB at 10,000 documents of 2 KB, ${many} MiB at 100,000`)
    expect(many - few).toBeLessThan(GROWTH_MIB)
  },
  300_000,
)
