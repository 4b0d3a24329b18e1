import type { Command } from '#common/cli/args'
import { EXIT_USAGE } from '#common/cli/read-command'
import { CliError } from '../cli/fail.ts'
import { runCommand } from '../cli/run-command.ts'
import { disturbFlag } from './fault-injection.ts'
import { testIntegration } from './integration.ts'
import { platformFlags, platformName, withPlatform } from './platform.ts'
import { exits, reportFlags, runTests } from './run-tests.ts'

export const command = {
  name: 'test:integration',
  about:
    'tests the services of a host together: a recording becomes proof, many at once, what must be refused, one that is away',
  flags: {
    ...platformFlags,
    recordings: { type: 'string', value: 'N', about: 'recordings at once, 1 to 10 (5)' },
    megabytes: { type: 'string', value: 'N', about: 'size of each of them, MB, 1 to 60 (2)' },
    ...disturbFlag,
    ...reportFlags,
  },
  examples: ['bun run test:integration', 'bun run test:integration --disturb', 'bun run test:integration --local'],
  exits,
} as const satisfies Command

const whole = (flag: string, text: string | undefined, otherwise: number, most: number): number => {
  const value = text === undefined ? otherwise : Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= most) return value
  throw new CliError(`--${flag} takes a whole number, 1 to ${most}`, { exitCode: EXIT_USAGE })
}

await runCommand(import.meta.main, command, ({ flags, terminal }) => {
  const options = {
    disturb: flags.disturb,
    recordings: whole('recordings', flags.recordings, 5, 10),
    megabytes: whole('megabytes', flags.megabytes, 2, 60),
  }
  return withPlatform(flags, process.env, (platform) =>
    runTests({ group: command.name, subject: platformName(platform), json: flags.json, terminal }, (report) =>
      testIntegration(platform, report, options),
    ),
  )
})
