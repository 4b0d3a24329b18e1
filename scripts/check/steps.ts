import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { entryFile } from '../cli/entry.ts'
import { type Argv, live } from '../cli/run.ts'
import { notRun, type Tally, tallyOfJunit } from './report.ts'

/** What a step found. `output` is shown when it failed. */
export type Outcome = { readonly tally: Tally; readonly output: string; readonly notes: readonly string[] }

export type Step = { readonly name: string; readonly run: () => Promise<Outcome> }

const tool = (name: string, ...args: readonly string[]): Argv => [
  process.execPath,
  'x',
  '--bun',
  name,
  ...args,
]

/** A tool that passes or fails as a whole. */
const whole = (root: string, name: string, argv: Argv): Step => ({
  name,
  run: async () => {
    const { code, out, err } = await live(argv, { cwd: root })
    const passed = code === 0
    return {
      tally: { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 },
      output: `${out}${err}`,
      notes: notRun(`${out}\n${err}`),
    }
  },
})

/** Longest time of one test, ms: only a hang is ended by it. */
const HANG = 600_000

/** How much is asked of this machine. `full`: the large sweeps too. */
export type Extent = { readonly full: boolean }

const tests = (root: string, { full }: Extent): Step => ({
  name: 'tests',
  run: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lucid-check-'))
    const report = join(folder, 'junit.xml')
    try {
      const { code, out, err } = await live(
        [
          process.execPath,
          'test',
          '--parallel',
          '--only-failures',
          `--timeout=${HANG}`,
          '--reporter=junit',
          `--reporter-outfile=${report}`,
        ],
        { cwd: root, ...(full && { env: { LUCID_FULL: '1' } }) },
      )
      const output = `${out}${err}`
      const counted = tallyOfJunit(
        await Bun.file(report)
          .text()
          .catch(() => ''),
      )
      const tally = counted ?? { passed: 0, failed: 1, skipped: 0 }
      // A run that ends badly without a failed test, a crash of the runner for one, has still failed.
      const honest = code !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally
      return { tally: honest, output, notes: notRun(output) }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
})

/** Everything that `bun run check` does after the install, in order. */
export const steps = (root: string, extent: Extent): readonly Step[] => [
  whole(root, 'lint', tool('biome', 'check', '--error-on-warnings', '.')),
  whole(root, 'types', tool('tsc', '-p', '.')),
  whole(root, 'unused', tool('knip')),
  whole(root, 'derived files', [process.execPath, entryFile('derive'), '--check']),
  tests(root, extent),
]
