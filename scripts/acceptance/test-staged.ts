import type { Command } from '#common/cli/args'
import { runCommand } from '../cli/run-command.ts'
import { disturbFlag } from './disturb.ts'
import { exits, groupFlags, runGroup } from './group.ts'
import { placeFlags, placeName, withPlace } from './place.ts'
import { testStaged } from './staged.ts'

export const command = {
  name: 'test:staged',
  about: 'tests the deploy of a host: stages, rollback, monitoring, performance',
  flags: { ...placeFlags, ...disturbFlag, ...groupFlags },
  examples: ['bun run test:staged', 'bun run test:staged --disturb'],
  exits,
} as const satisfies Command

await runCommand(import.meta.main, command, ({ flags, terminal }) =>
  withPlace(flags, process.env, (place) =>
    runGroup({ group: command.name, subject: placeName(place), json: flags.json, terminal }, (report) =>
      testStaged(place, report, { disturb: flags.disturb }),
    ),
  ),
)
