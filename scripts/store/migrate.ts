import type { Command } from '#common/cli/args'
import { detectStyle } from '#common/cli/style'
import packageJson from '../../package.json' with { type: 'json' }
import { runCommand } from '../cli/run-command.ts'
import { loadStoreSchemas, storeServices } from '../derive/store-schemas.ts'
import { homeFrom } from '../platform/home.ts'
import { runMigrate } from './run-migrate.ts'

export const command = {
  name: 'migrate',
  about: 'brings what the services keep to the version that this release needs, or back',
  flags: {
    status: { type: 'boolean', about: 'change nothing; show how each store stands (also while services run)' },
    down: { type: 'boolean', about: 'undo the newest migration of a service (with --service)' },
    to: { type: 'string', value: 'N', about: 'go to this version and no further (with --service)' },
    service: { type: 'string', value: 'S', about: 'one service only', choices: storeServices() },
    'dry-run': { type: 'boolean', about: 'change nothing; print the migrations that would run' },
    json: { type: 'boolean', about: 'print the result as one JSON object' },
  },
  examples: ['bun run migrate --status', 'bun run migrate', 'bun run migrate --down --service session-recorder'],
  exits: {
    0: 'done; with --status: every store is at the version of this release',
    1: 'it failed, the last line on stderr says why and what to do; with --status: something is pending or wrong',
  },
} as const satisfies Command

await runCommand(import.meta.main, command, async (invocation) =>
  runMigrate(invocation, {
    home: homeFrom(process.env),
    ambient: process.env,
    schemas: await loadStoreSchemas(storeServices()),
    now: Date.now,
    version: packageJson.version,
    style: detectStyle(process.stdout, process.env),
  }),
)
