import type { Command } from '#common/cli/args'
import { runCommand } from '../cli/run-command.ts'
import { exits, groupFlags, runGroup } from './group.ts'
import { placeFlags, placeName, withPlace } from './place.ts'
import { testService } from './service.ts'

export const command = {
  name: 'test:service',
  about:
    'tests each service of the release on a host for itself: health, function, resources, network; changes nothing',
  flags: { ...placeFlags, ...groupFlags },
  examples: [
    'bun run test:service',
    'bun run test:service --host pi@raspberrypi.local',
    'bun run test:service --local',
  ],
  exits,
} as const satisfies Command

await runCommand(import.meta.main, command, ({ flags, terminal }) =>
  withPlace(flags, process.env, (place) =>
    runGroup({ group: command.name, subject: placeName(place), json: flags.json, terminal }, (report) =>
      testService(place, report),
    ),
  ),
)
