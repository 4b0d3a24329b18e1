import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { dependencies } from '../../package.json' with { type: 'json' }

/**
 * Loaded before every program of this repository (`preload` of bunfig.toml): where dependencies are missing it says in one
 * sentence what to do, where the program would end with the trace of a module that is not found. Built-ins and files of ours
 * alone, for that reason; what installs by itself goes on.
 */
const root = join(import.meta.dir, '..', '..')
const isInstalled = Object.keys(dependencies).every((name) => existsSync(join(root, 'node_modules', name)))

if (!isInstalled && !/[\\/](?:demo[\\/]demo|scripts[\\/]check[\\/]check)\.ts$/.test(Bun.main)) {
  const { streams } = await import('#common/cli/streams')
  const { printer } = await import('#common/cli/text')
  printer(streams.err)('the dependencies are not installed: run bun install --frozen-lockfile first\n')
  process.exit(78) // EX_CONFIG
}
