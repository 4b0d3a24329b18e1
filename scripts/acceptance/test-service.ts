import type { Command } from '#common/cli/args'
import { runCommand } from '../cli/run-command.ts'
import { platformFlags, platformName, withPlatform } from './platform.ts'
import { exits, reportFlags, runTests } from './run-tests.ts'
import { testService } from './service.ts'

export const command = {
  name: 'test:service',
  about:
    'tests each service of the release on a host for itself: health, function, resources, network; changes nothing',
  flags: { ...platformFlags, ...reportFlags },
  examples: [
    'bun run test:service',
    'bun run test:service --host pi@raspberrypi.local',
    'bun run test:service --local',
  ],
  exits,
} as const satisfies Command

await runCommand(import.meta.main, command, ({ flags, terminal }) =>
  withPlatform(flags, process.env, (platform) =>
    runTests({ group: command.name, subject: platformName(platform), json: flags.json, terminal }, (report) =>
      testService(platform, report),
    ),
  ),
)
