import { appendFileSync, cpSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CliError } from '../../cli/fail.ts'
import { type Argv, live } from '../../cli/run.ts'
import type { ImagesLock } from '../../images/lock/lock.ts'
import { requireLock } from '../../images/lock/lock-file.ts'
import { blobPath, type Checksum, parseIntegrity } from '../../images/packages/cache.ts'
import { copyCheckout } from '../checkout-copy.ts'
import { inFolder, type Setting } from './folder.ts'

export type ImagesResult = {
  /** The command's wall time, ms: with the packages in the cache and nothing built, twice, in two folders. */
  readonly fresh_ms: readonly number[]
  readonly unchanged_ms: readonly number[]
  /** After a line was added to one service. */
  readonly changed: { readonly service: string; readonly ms: number; readonly bytes: number }
  /** Images whose digests were equal in both folders, and how many there are. */
  readonly identical: number
  readonly images: number
  /** Bytes of all images of a platform together, each blob once. */
  readonly unique: Readonly<Record<string, number>>
  /** Bytes of the layer with the program, the topmost, by service. */
  readonly app: Readonly<Record<string, number>>
}

type Images = Readonly<
  Record<string, { readonly digest: string; readonly platforms: Readonly<Record<string, string>> }>
>
type Described = { readonly digest: string; readonly size: number }
type Manifest = { readonly config: Described; readonly layers: readonly Described[] }

const pinned = (lock: ImagesLock): readonly Checksum[] => [
  ...Object.values(lock.debian).flatMap((packages) =>
    Object.values(packages).map(({ sha256 }) => ({ algorithm: 'sha256', hex: sha256 }) as const),
  ),
  ...Object.values(lock.npm).map(({ integrity }) => parseIntegrity(integrity)),
]

/** Makes a cache with the downloads of another and nothing that was made of them. */
const copyDownloads = (cache: string, lock: ImagesLock, folder: string): void => {
  for (const sum of pinned(lock)) {
    const to = blobPath(folder, sum)
    mkdirSync(dirname(to), { recursive: true })
    cpSync(blobPath(cache, sum), to)
  }
}

const command = [process.execPath, 'scripts/images/build-distroless.ts', '--json'] as const satisfies Argv

const build = async (
  root: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly ms: number; readonly images: Images }> => {
  const { code, out, err, ms } = await live(command, { cwd: root, env })
  if (code !== 0) throw new CliError(`the build failed: ${err.trim().split('\n').at(-1)}`)
  return { ms, images: (JSON.parse(out) as { readonly images: Images }).images } // the command's own answer
}

const readManifests = (root: string, images: Images, platform: string): readonly (readonly [string, Manifest])[] =>
  Object.entries(images).flatMap(([service, { platforms }]) => {
    const digest = platforms[platform]
    if (digest === undefined) return []
    const path = join(root, 'dist', 'images', service, 'blobs', ...digest.split(':'))
    return [[service, JSON.parse(readFileSync(path, 'utf8')) as Manifest] as const] // written by the build
  })

const listPlatforms = (images: Images): readonly string[] => Object.keys(Object.values(images)[0]?.platforms ?? {})

const listBlobs = (root: string, images: Images, platform: string): ReadonlyMap<string, number> =>
  new Map(
    readManifests(root, images, platform).flatMap(([, { config, layers }]) =>
      [config, ...layers].map(({ digest, size }) => [digest, size] as const),
    ),
  )

const sum = (sizes: Iterable<number>): number => [...sizes].reduce((total, size) => total + size, 0)

const measureSizes = (root: string, images: Images): Pick<ImagesResult, 'unique' | 'app'> => {
  const platforms = listPlatforms(images)
  const unique = platforms.map((platform) => [platform, sum(listBlobs(root, images, platform).values())])
  const app = readManifests(root, images, platforms[0] ?? '').map(([name, { layers }]) => [
    name,
    layers.at(-1)?.size ?? 0,
  ])
  return { unique: Object.fromEntries(unique), app: Object.fromEntries(app) }
}

/** Adds a line to a service and builds; the bytes are those that one platform did not have before. */
const measureChange = async (
  root: string,
  images: Images,
  service: string,
  env: Readonly<Record<string, string>>,
): Promise<ImagesResult['changed']> => {
  const [platform = ''] = listPlatforms(images)
  const before = listBlobs(root, images, platform)
  appendFileSync(join(root, 'services', service, 'main.ts'), "\nconsole.info('one more line')\n")
  const { ms, images: built } = await build(root, env)
  const after = [...listBlobs(root, built, platform)]
  return { service, ms, bytes: sum(after.flatMap(([digest, size]) => (before.has(digest) ? [] : [size]))) }
}

/** Measures the command itself in two copies of the repository. Throws CliError when a build fails. */
export const benchImages = (
  root: string,
  { folder: parent, cache, say }: Setting & { readonly cache: string },
): Promise<ImagesResult> =>
  inFolder(parent, 'lucid-bench-images-', async (folder) => {
    say('getting the packages')
    await build(root, { LUCID_CACHE: cache })
    const lock = requireLock(root)
    const one = copyCheckout(root, join(folder, 'one'))
    const other = copyCheckout(root, join(folder, 'some', 'where', 'else'))
    const [cacheA, cacheB] = [join(folder, 'cache-a'), join(folder, 'cache-b')]
    for (const fresh of [cacheA, cacheB]) copyDownloads(cache, lock, fresh)
    say('building from nothing, in two folders and time zones')
    const env = { LUCID_CACHE: cacheA, TZ: 'UTC' }
    const { images, ms } = await build(one, env)
    const second = await build(other, { LUCID_CACHE: cacheB, TZ: 'Pacific/Auckland' })
    say('building what is built')
    const again = [await build(one, env), await build(one, env), await build(one, env)]
    const names = Object.keys(images)
    const last = names.at(-1) ?? ''
    say(`building after a change of ${last}`)
    return {
      fresh_ms: [ms, second.ms],
      unchanged_ms: again.map((built) => built.ms),
      changed: await measureChange(one, images, last, env),
      identical: names.filter((name) => images[name]?.digest === second.images[name]?.digest).length,
      images: names.length,
      ...measureSizes(other, second.images),
    }
  })
