import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { entryFile } from '../cli/entry.ts'
import { type Argv, live } from '../cli/run.ts'
import { splitTests } from './fast-tests.ts'
import { readTree } from './read-tree.ts'
import { notRun, type Tally, tallyOfJunit } from './report.ts'

/** What a step found. `output` is shown when it failed. */
export type Outcome = { readonly tally: Tally; readonly output: string; readonly notes: readonly string[] }

export type Step = { readonly name: string; readonly run: () => Promise<Outcome> }

const tool = (name: string, ...args: readonly string[]): Argv => [process.execPath, 'x', '--bun', name, ...args]

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

/** The fast loop checks again what a change can have broken, and nothing else. */
const INCREMENTAL = ['--incremental', '--tsBuildInfoFile', 'node_modules/.cache/types.tsbuildinfo']

/** Longest time of one test, ms: only a hang is ended by it. */
const HANG = 600_000

/**
 * How much is asked of this machine: `fast` is what starts no program of ours, no peer and no emulation, and a part of
 * each large sweep; `whole` is every test; `full` also the sweeps that take hours.
 */
export type Extent = 'fast' | 'whole' | 'full'

/** What is set for the tests. */
const environment: Readonly<Record<Extent, Readonly<Record<string, string>>>> = {
  fast: { LUCID_FAST: '1' },
  whole: {},
  full: { LUCID_FULL: '1' },
}

/** The slowest files begin first, so that none is left for the end; what they took here is written to the first file. */
const SLOWEST_FIRST = [
  '--timings=node_modules/.cache/test-timings.json',
  '--timings=scripts/check/test-timings.json',
  '--update-timings',
] as const

const tests = (root: string, extent: Extent): Step => ({
  name: 'tests',
  run: async () => {
    const { fast, slow } = extent === 'fast' ? splitTests(readTree(root)) : { fast: [], slow: [] }
    const folder = mkdtempSync(join(tmpdir(), 'lucid-check-'))
    const report = join(folder, 'junit.xml')
    try {
      const { code, out, err } = await live(
        [
          process.execPath,
          'test',
          // One more than there are cores: half of the slow tests wait for something most of the time.
          `--parallel=${availableParallelism() + 1}`,
          ...(extent === 'fast' ? [] : SLOWEST_FIRST),
          '--only-failures',
          `--timeout=${HANG}`,
          '--reporter=junit',
          `--reporter-outfile=${report}`,
          ...fast.map((path) => `./${path}`),
        ],
        { cwd: root, env: environment[extent] },
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
      const left = slow.length > 0 ? [`NOT RUN: ${slow.length} test files that start programs or peers`] : []
      return { tally: honest, output, notes: [...notRun(output), ...left] }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
})

/** Everything that `bun run check` does after the install, in order. */
export const steps = (root: string, extent: Extent): readonly Step[] => [
  whole(root, 'lint', tool('biome', 'check', '--error-on-warnings', '.')),
  whole(root, 'types', tool('tsc', '-p', '.', ...(extent === 'fast' ? INCREMENTAL : []))),
  whole(root, 'unused', tool('knip')),
  whole(root, 'derived files', [process.execPath, entryFile('derive'), '--check']),
  tests(root, extent),
]
