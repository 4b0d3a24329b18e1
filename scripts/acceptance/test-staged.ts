import type { Command } from '#common/cli/args'
import { runCommand } from '../cli/run-command.ts'
import { disturbFlag } from './fault-injection.ts'
import { platformFlags, platformName, withPlatform } from './platform.ts'
import { exits, reportFlags, runTests } from './run-tests.ts'
import { testStaged } from './staged.ts'

export const command = {
  name: 'test:staged',
  about: 'tests the deploy of a host: stages, rollback, monitoring, performance',
  flags: { ...platformFlags, ...disturbFlag, ...reportFlags },
  examples: ['bun run test:staged', 'bun run test:staged --disturb'],
  exits,
} as const satisfies Command

await runCommand(import.meta.main, command, ({ flags, terminal }) =>
  withPlatform(flags, process.env, (platform) =>
    runTests({ group: command.name, subject: platformName(platform), json: flags.json, terminal }, (report) =>
      testStaged(platform, report, { disturb: flags.disturb }),
    ),
  ),
)
