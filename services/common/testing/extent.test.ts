import { expect, test } from 'bun:test'
import { join } from 'node:path'

/** What a process answers that was told, or not told, to be fast. */
const answerOf = (fast: string) =>
  Bun.spawnSync(
    [
      process.execPath,
      '--eval',
      "const { caseCount, samplePoints } = await import('./extent.ts'); console.log(caseCount(2_000), caseCount(5), samplePoints('abcdefghijkl').join(''))",
    ],
    { cwd: join(import.meta.dir), env: { LUCID_FAST: fast } },
  )
    .stdout.toString()
    .trim()

test('the whole check runs every case and every point, the fast one a tenth', () => {
  expect(answerOf('')).toBe('2000 5 abcdefghijkl')
  expect(answerOf('1')).toBe('200 1 ak')
})
