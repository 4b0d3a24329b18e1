import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { dependencies } from '../../package.json' with { type: 'json' }

/** Loaded before every program (bunfig.toml): without dependencies one sentence, no trace; what installs by itself goes on. */
const root = join(import.meta.dir, '..', '..')
const isInstalled = Object.keys(dependencies).every((name) => existsSync(join(root, 'node_modules', name)))

if (!isInstalled && !/[\\/](?:demo[\\/]demo|scripts[\\/]check[\\/]check)\.ts$/.test(Bun.main)) {
  const { streams } = await import('#common/cli/streams')
  const { printer } = await import('#common/cli/text')
  printer(streams.err)('the dependencies are not installed: run bun install --frozen-lockfile first\n')
  process.exit(78) // EX_CONFIG
}
