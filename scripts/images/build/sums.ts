import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Sums of source files, each read once a build. `undefined` is a file that is not there. */
export type Sums = (path: string) => string | undefined

/** Paths are from the root of the repository, with `/`. */
export const sumsIn = (root: string): Sums => {
  const known = new Map<string, string | undefined>()
  const read = (path: string): string | undefined => {
    try {
      return createHash('sha256')
        .update(readFileSync(join(root, path)))
        .digest('hex')
    } catch {
      return undefined
    }
  }
  return (path) => {
    if (!known.has(path)) known.set(path, read(path))
    return known.get(path)
  }
}

/** Files that decide how anything is bundled, whatever it imports. */
export const RESOLUTION = ['package.json', 'tsconfig.json', 'bun.lock', 'bunfig.toml'] as const

/** One sum over several files and their names. */
export const sumOfFiles = (sums: Sums, paths: readonly string[]): string => {
  const hash = createHash('sha256')
  for (const path of [...paths].sort()) hash.update(`${path}\0${sums(path) ?? ''}\n`)
  return hash.digest('hex')
}

/** What makes layers out of packages: a layer of another program is not used. */
const LAYERS = [
  'scripts/images/format/*.ts',
  'scripts/images/layers/*.ts',
  'scripts/images/{deb,unpack}.ts',
  'services/common/stream/{bytes,tar,untar}.ts',
] as const

/** What makes images out of layers and our sources. */
const IMAGES = [...LAYERS, 'scripts/images/build/*.ts', 'scripts/images/app/*.ts'] as const

const filesOf = (root: string, patterns: readonly string[]): readonly string[] =>
  patterns
    .flatMap((pattern) => [...new Bun.Glob(pattern).scanSync({ cwd: root })])
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !/\.(test|fixture)\.ts$/.test(path))
    .sort()

/** The files of the programs that make layers and images, as paths from the root, sorted. */
export const builderFiles = (
  root: string,
): { readonly layers: readonly string[]; readonly images: readonly string[] } => ({
  layers: filesOf(root, LAYERS),
  images: filesOf(root, IMAGES),
})
