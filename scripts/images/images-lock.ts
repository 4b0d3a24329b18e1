import { join } from 'node:path'
import type { Command } from '#common/cli/args'
import { jsonText } from '#common/cli/text'
import packageJson from '../../package.json' with { type: 'json' }
import { runCommand } from '../cli/run-command.ts'
import { readAptSources } from '../platform/apt.ts'
import { products } from './layers/products.ts'
import { readArchiveKeys } from './lock/archive-keys.ts'
import { sortedJson } from './lock/lock.ts'
import { lockDifference } from './lock/lock-difference.ts'
import { LOCK_PATH, readLock } from './lock/lock-file.ts'
import { refreshedLock } from './lock/refresh.ts'
import { cacheFolder, writeWhole } from './packages/cache.ts'
import { get } from './packages/download.ts'
import { findMirrors } from './packages/mirror.ts'
import { askBun } from './packages/npm-client.ts'

export const command = {
  name: 'images:lock',
  about: 'pins the Debian and npm packages that images are made of, after checking who signed the archive',
  flags: {
    check: { type: 'boolean', about: 'write nothing; exit 1 when newer packages are there' },
    json: { type: 'boolean', about: 'print the result as one JSON object' },
  },
  examples: ['bun run images:lock', 'bun run images:lock --check'],
  exits: { 1: 'it failed, or with --check: the lock is behind the archive' },
} as const satisfies Command

const root = join(import.meta.dir, '..', '..')

/** A lock that is broken is what this command mends, so it counts as none. */
const readableLock = () => {
  try {
    return readLock(root)
  } catch {
    return undefined
  }
}

await runCommand(import.meta.main, command, async ({ flags, terminal }) => {
  const before = flags.check ? readLock(root) : readableLock()
  const after = await refreshedLock({
    products: products(),
    versions: { ...packageJson.dependencies, bun: packageJson.packageManager.replace(/^bun@/, '') },
    mirrors: findMirrors(process.env, readAptSources),
    readArchiveKeys,
    get,
    ask: askBun(root),
    cache: cacheFolder(process.env),
    now: new Date(),
  })
  const changed = lockDifference(before, after)
  if (!flags.check && changed.length > 0) writeWhole(join(root, LOCK_PATH), sortedJson(after))
  if (flags.json) terminal.out(jsonText({ ok: !flags.check || changed.length === 0, changed }))
  else {
    for (const line of changed) terminal.out(`${line}\n`)
    const signers = Object.values(after.suites).flatMap(({ signedBy }) => signedBy)
    terminal.err(`images:lock: ${Object.keys(after.suites).join(', ')} verified (${new Set(signers).size} keys)\n`)
    if (changed.length === 0) terminal.out('the image lock is up to date\n')
    else if (flags.check) terminal.err('images:lock: run `bun run images:lock`, build, test, and commit the lock\n')
  }
  return flags.check && changed.length > 0 ? 1 : 0
})
