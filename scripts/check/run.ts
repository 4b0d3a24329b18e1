import type { Command } from '#common/cli/args'
import { duration } from '#common/cli/format'
import { EXIT_USAGE } from '#common/cli/read-command'
import { streams } from '#common/cli/streams'
import { detectStyle } from '#common/cli/style'
import { text } from '#common/cli/text'
import { CliError } from '../cli/fail.ts'
import { invoke } from '../cli/run-command.ts'
import { closingLine, sumOf, type Tally } from './report.ts'
import { steps } from './steps.ts'

const command = {
  name: 'check',
  about: 'installs, lints, checks types, derived files and imports, and runs every test this machine allows',
  flags: {
    fast: {
      type: 'boolean',
      about: 'only tests that start no program, no peer and no emulation, with a tenth of each sweep: under a minute',
    },
    full: { type: 'boolean', about: 'the large sweeps too, which take hours' },
  },
  examples: ['bun run check --fast', 'bun run check', 'bun run check --full'],
} as const satisfies Command

const TICK = 15_000

/** Runs all steps, shows what failed, and ends with `N passed, N failed, N skipped`. Answers the exit code. */
export const check = (root: string, argv: readonly string[]): Promise<number> => {
  const style = detectStyle(process.stdout, process.env)
  return invoke(
    command,
    argv,
    async ({ flags, terminal: { out } }) => {
      if (flags.fast && flags.full) throw new CliError('--fast and --full exclude each other', { exitCode: EXIT_USAGE })
      const extent = flags.fast ? 'fast' : flags.full ? 'full' : 'whole'
      const tallies: Tally[] = [{ passed: 1, failed: 0, skipped: 0 }]
      for (const { name, run } of steps(root, extent)) {
        const began = performance.now()
        const running = setInterval(() => out(`  ${name}  ${duration(performance.now() - began)} ...\n`), TICK)
        const { tally, output, notes } = await run().finally(() => clearInterval(running))
        tallies.push(tally)
        const word = tally.failed > 0 ? 'failed' : 'ok'
        const colour = tally.failed > 0 ? 'red' : 'green'
        out(text([[`${name}  `, { text: word, colour }, `  ${duration(performance.now() - began)}`]], style))
        if (tally.failed > 0) out(text(Bun.stripANSI(output).split('\n')))
        out(
          text(
            notes.map((note) => ['  ', { text: note, colour: 'yellow' }]),
            style,
          ),
        )
      }
      const all = sumOf(tallies)
      out(`${closingLine(all)}\n`)
      return all.failed > 0 ? 1 : 0
    },
    streams,
  )
}
