import { expect, test } from 'bun:test'
import { join } from 'node:path'

const linux = process.platform === 'linux'
if (!linux) console.log('NOT RUN: memory of a copy: peaks are read from /proc')

const peakOf = async (documents: number): Promise<number> => {
  const argv = [process.execPath, join(import.meta.dir, 'memory-child.fixture.ts'), String(documents)]
  const child = Bun.spawn(argv, { stdout: 'pipe', stderr: 'inherit' })
  const report = JSON.parse(await new Response(child.stdout).text())
  expect(report).toMatchObject({ equal: true, documents })
  return report.peak
}

/** 200 MB of documents must not be in memory, nor a tenth of what they are as objects. */
const GROWTH_MIB = 96

test.skipIf(!linux)(
  'copying and verifying 100,000 documents takes the memory that 10,000 take',
  async () => {
    const [few, many] = [await peakOf(10_000), await peakOf(100_000)]
    console.log(`peak memory of a copy: ${few} MiB at 10,000 documents of 2 KB, ${many} MiB at 100,000`)
    expect(many - few).toBeLessThan(GROWTH_MIB)
  },
  300_000,
)
