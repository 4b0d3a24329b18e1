import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hostileBundles, MANY_ROWS, SOME_ROWS } from '#common/testing/hostile-bundles'
import { sampleAnchor, sampleLedgerKey } from '#common/testing/sample-anchor'
import { noise, sampleBundle, sampleSession } from '#common/testing/sample-session'
import { limitMemory } from '../testing/memory-limit.ts'

/** What `bun run verify` may cost (SPEC section 4): 256 MB, and ten seconds more than an honest bundle of that size. */

const MEMORY = 256 * 1024 * 1024
const MORE_SECONDS = 10
const MIB = 1024 * 1024

const limit = limitMemory(MEMORY)
if ('absent' in limit) console.log(`NOT RUN: ${limit.absent} (what a hostile bundle costs)`)

const folder = mkdtempSync(join(tmpdir(), 'lucid-hostile-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
  if ('remove' in limit) limit.remove()
})

/** The exit code and the processor's seconds of a verification within the limit; 137 = killed for its memory. */
const verify = async (bundle: Uint8Array) => {
  const path = join(folder, 'bundle.tar')
  await Bun.write(path, bundle)
  const argv = [process.execPath, join(import.meta.dir, 'verify.ts'), path, '--trust', sampleLedgerKey()]
  const child = Bun.spawn('wrap' in limit ? limit.wrap(argv) : argv, { stdout: 'pipe', stderr: 'pipe' })
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  const { user = 0, system = 0 } = child.resourceUsage()?.cpuTime ?? {}
  return { code, out, err, seconds: Number(user) / 1e6 + Number(system) / 1e6 }
}

/** Found wrong in words, not by a crash. */
const judged = { code: 1, err: '', out: expect.stringContaining('NOT verified') }

const noBundle = (): Uint8Array => {
  throw new Error('there is no such hostile bundle')
}

const small = await sampleSession(noise(3000, 1))
const anchor = await sampleAnchor(small)

test.skipIf('absent' in limit)(
  'every hostile bundle is judged in 256 MB and ten seconds more',
  async () => {
    const large = await sampleSession(noise(92 * MIB, 2), { chunkSize: 16 * MIB })
    const honest = await verify(await sampleBundle(large, { anchor: await sampleAnchor(large), keys: true }))
    expect(honest).toMatchObject({ code: 0, err: '' })
    const heavy = await sampleSession(noise(64 * MIB, 3), { chunkSize: 16 * MIB })
    const beside = hostileBundles(heavy, await sampleAnchor(heavy))
    const bundles = [
      ...Object.entries(hostileBundles(small, anchor)),
      ...[MANY_ROWS, SOME_ROWS].map((what) => [`${what}, beside large chunks`, beside[what] ?? noBundle] as const),
    ]
    for (const [what, make] of bundles) {
      const cost = await verify(make())
      expect({ what, ...cost }).toMatchObject({ what, ...judged })
      expect([what, cost.seconds < honest.seconds + MORE_SECONDS]).toEqual([what, true])
    }
  },
  600_000,
)
