import { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CliError } from '../../cli/fail.ts'
import { type Argv, live } from '../../cli/run.ts'
import type { ImagesLock } from '../../images/lock/lock.ts'
import { requireLock } from '../../images/lock/lock-file.ts'
import { blobPath, type Checksum, parseIntegrity } from '../../images/packages/cache.ts'
import { copyCheckout } from '../checkout-copy.ts'

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

/** A cache with the downloads of another and nothing that was made of them. */
const downloadsOf = (cache: string, lock: ImagesLock, folder: string): string => {
  for (const sum of pinned(lock)) {
    const to = blobPath(folder, sum)
    mkdirSync(dirname(to), { recursive: true })
    cpSync(blobPath(cache, sum), to)
  }
  return folder
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

const manifestsOf = (
  root: string,
  images: Images,
  platform: string,
): readonly (readonly [string, Manifest])[] =>
  Object.entries(images).flatMap(([service, { platforms }]) => {
    const digest = platforms[platform]
    if (digest === undefined) return []
    const path = join(root, 'dist', 'images', service, 'blobs', ...digest.split(':'))
    return [[service, JSON.parse(readFileSync(path, 'utf8')) as Manifest] as const] // written by the build
  })

const listBlobs = (root: string, images: Images, platform: string): ReadonlyMap<string, number> =>
  new Map(
    manifestsOf(root, images, platform).flatMap(([, { config, layers }]) =>
      [config, ...layers].map(({ digest, size }) => [digest, size] as const),
    ),
  )

const sum = (sizes: Iterable<number>): number => [...sizes].reduce((total, size) => total + size, 0)

/** Measures the command itself in two copies of the repository. Throws CliError when a build fails. */
export const benchImages = async (
  root: string,
  {
    folder: parent,
    cache,
    say,
  }: { readonly folder: string; readonly cache: string; readonly say: (line: string) => void },
): Promise<ImagesResult> => {
  const folder = await mkdtemp(join(parent, 'lucid-bench-images-'))
  try {
    say('getting the packages')
    await build(root, { LUCID_CACHE: cache })
    const lock = requireLock(root)
    const one = copyCheckout(root, join(folder, 'one'))
    const other = copyCheckout(root, join(folder, 'some', 'where', 'else'))
    const caches = ['a', 'b'].map((name) => downloadsOf(cache, lock, join(folder, `cache-${name}`)))
    say('building from nothing, in two folders and time zones')
    const env = { LUCID_CACHE: caches[0] ?? '', TZ: 'UTC' }
    const first = await build(one, env)
    const second = await build(other, { LUCID_CACHE: caches[1] ?? '', TZ: 'Pacific/Auckland' })
    say('building what is built')
    const again = [await build(one, env), await build(one, env), await build(one, env)]
    const platforms = Object.keys(Object.values(first.images)[0]?.platforms ?? {})
    const before = listBlobs(one, first.images, platforms[0] ?? '')
    const service = Object.keys(first.images).at(-1) ?? ''
    say(`building after a change of ${service}`)
    appendFileSync(join(one, 'services', service, 'main.ts'), "\nconsole.info('one more line')\n")
    const changed = await build(one, env)
    const after = listBlobs(one, changed.images, platforms[0] ?? '')
    const unique = Object.fromEntries(
      platforms.map((platform) => [platform, sum(listBlobs(other, second.images, platform).values())]),
    )
    const app = manifestsOf(other, second.images, platforms[0] ?? '').map(
      ([name, { layers }]) => [name, layers.at(-1)?.size ?? 0] as const,
    )
    return {
      fresh_ms: [first.ms, second.ms],
      unchanged_ms: again.map(({ ms }) => ms),
      changed: {
        service,
        ms: changed.ms,
        bytes: sum([...after].flatMap(([digest, size]) => (before.has(digest) ? [] : [size]))),
      },
      identical: Object.keys(first.images).filter(
        (name) => first.images[name]?.digest === second.images[name]?.digest,
      ).length,
      images: Object.keys(first.images).length,
      unique,
      app: Object.fromEntries(app),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
