import { expect, test } from 'bun:test'
import { dirname, join, relative, sep } from 'node:path'
import { listBuilderFiles } from './checksums.ts'

const root = join(import.meta.dir, '..', '..', '..')
const transpiler = new Bun.Transpiler({ loader: 'ts' })

/** A file and all of ours that it loads, as paths from the root. */
const loadedBy = async (path: string, found = new Set<string>()): Promise<ReadonlySet<string>> => {
  if (found.has(path) || !path.endsWith('.ts')) return found
  found.add(path)
  const file = join(root, path)
  for (const { path: specifier } of transpiler.scanImports(await Bun.file(file).text()))
    if (/^[.#]/.test(specifier))
      await loadedBy(
        relative(root, Bun.resolveSync(specifier, dirname(file)))
          .split(sep)
          .join('/'),
        found,
      )
  return found
}

const unlisted = async (entry: string, listed: readonly string[]): Promise<readonly string[]> =>
  [...(await loadedBy(entry))].filter((path) => !listed.includes(path)).sort()

/** They fetch bytes that the lock names by their checksum, and decide none. */
const FETCHING = [
  'scripts/cli/fail.ts',
  'scripts/images/packages/cache.ts',
  'scripts/images/packages/download.ts',
  'scripts/images/packages/mirror.ts',
  'scripts/images/packages/npm-client.ts',
  'scripts/images/packages/pinned-packages.ts',
  'scripts/platform/apt-sources.ts',
  'scripts/platform/apt.ts',
  'services/common/process/backoff.ts',
  'services/common/process/fault.ts',
]

/** The lock is part of each recipe; the others order the work, or refuse it. */
const ORDERING = [
  'scripts/cli/fail.ts',
  'scripts/images/lock/lock-file.ts',
  'scripts/images/lock/lock.ts',
  'scripts/images/packages/cache.ts',
  'scripts/images/verify/linkage.ts',
  'scripts/platform/files.ts',
  'scripts/platform/lock.ts',
  'services/common/process/fault.ts',
  'services/common/stream/limiter.ts',
]

test('every file that decides a byte of a layer is among those whose change makes it anew', async () => {
  expect(await unlisted('scripts/images/layers/worker.ts', listBuilderFiles(root).layers)).toEqual(FETCHING)
})

test('every file that decides a byte of an image is among those whose change builds it anew', async () => {
  expect(await unlisted('scripts/images/build/build.ts', listBuilderFiles(root).images)).toEqual(ORDERING)
})
