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

/** What fetches bytes that the lock names by their checksum, reads that lock, orders the work or says what went wrong. */
const DECIDES_NOTHING =
  /^(?:scripts\/(?:cli|platform)\/|scripts\/images\/(?:packages|layout|lock)\/|services\/common\/(?:process\/|stream\/limiter\.ts$))/

const unlisted = async (entry: string, listed: readonly string[]): Promise<readonly string[]> =>
  [...(await loadedBy(entry))].filter((path) => !listed.includes(path) && !DECIDES_NOTHING.test(path))

test('every file that decides a byte of a layer is among those whose change makes it anew', async () => {
  const { layers } = listBuilderFiles(root)
  expect(layers).toContain('services/common/stream/untar.ts')
  expect(await unlisted('scripts/images/layers/worker.ts', layers)).toEqual([])
})

test('every file that decides a byte of an image is among those whose change builds it anew', async () => {
  const { images } = listBuilderFiles(root)
  expect(images).toContain('scripts/images/build/health-check.ts')
  expect(await unlisted('scripts/images/build/build.ts', images)).toEqual([])
})

test('a file that is taken away from them is missed', async () => {
  const without = listBuilderFiles(root).layers.filter((path) => !path.endsWith('/untar.ts'))
  expect(await unlisted('scripts/images/layers/worker.ts', without)).toEqual(['services/common/stream/untar.ts'])
})
