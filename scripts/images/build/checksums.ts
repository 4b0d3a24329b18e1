import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Checksums of source files, each read once a build. `undefined` is a file that is not there. */
export type Checksums = (path: string) => string | undefined

/** Paths are from the root of the repository, with `/`. */
export const openChecksums = (root: string): Checksums => {
  const cached = new Map<string, string | undefined>()
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
    if (!cached.has(path)) cached.set(path, read(path))
    return cached.get(path)
  }
}

/** Files that decide how anything is bundled, whatever it imports. */
export const RESOLUTION = ['package.json', 'tsconfig.json', 'bun.lock', 'bunfig.toml'] as const

/** One checksum over several files and their names. */
export const checksumFiles = (checksums: Checksums, paths: readonly string[]): string => {
  const hash = createHash('sha256')
  for (const path of [...paths].sort()) hash.update(`${path}\0${checksums(path) ?? ''}\n`)
  return hash.digest('hex')
}

/** What makes layers out of packages: a layer of another program is not used. `checksums.test.ts` knows what is not in it. */
const LAYERS = [
  'scripts/images/format/*.ts',
  'scripts/images/layers/*.ts',
  'scripts/images/lock/control.ts',
  'services/common/stream/{bounded-json,bytes,tar,untar}.ts',
] as const

const IMAGES = [...LAYERS, 'scripts/images/build/*.ts'] as const

const listFiles = (root: string, patterns: readonly string[]): readonly string[] =>
  patterns
    .flatMap((pattern) => [...new Bun.Glob(pattern).scanSync({ cwd: root })])
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !/\.(test|fixture)\.ts$/.test(path))
    .sort()

/** The files of the programs that make layers and images, as paths from the root, sorted. */
export const listBuilderFiles = (
  root: string,
): { readonly layers: readonly string[]; readonly images: readonly string[] } => ({
  layers: listFiles(root, LAYERS),
  images: listFiles(root, IMAGES),
})
