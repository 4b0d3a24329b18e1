import { CliError } from '../../cli/fail.ts'
import { type Architecture, architectures, platforms } from '../format/platform.ts'
import { addons } from '../layers/addons.ts'
import { basePackages } from '../layers/base-contents.ts'
import type { Product } from '../layers/products.ts'
import type { Get } from '../packages/download.ts'
import type { Mirrors } from '../packages/mirror.ts'
import type { Ask } from '../packages/npm-client.ts'
import type { ReadKeys } from './archive-keys.ts'
import { readSuite } from './lists.ts'
import type { ImagesLock, LockedPackage, LockedTarball } from './lock.ts'
import { buildIndex, type Candidate, type Resolved, resolve, UnresolvedError } from './resolve.ts'
import { suites } from './suites.ts'

export type RefreshParts = {
  readonly products: readonly Product[]
  /** `bun` and the addons, name to exact version, as package.json has them. */
  readonly versions: Readonly<Record<string, string>>
  readonly mirrors: Mirrors
  readonly readArchiveKeys: ReadKeys
  readonly get: Get
  readonly ask: Ask
  readonly cache: string
  readonly now: Date
}

const lockedOf = (candidate: Candidate, depends: readonly string[]): LockedPackage => {
  const { Version: version = '', Filename: path = '', Size: size = '', SHA256: sha256 = '' } = candidate.stanza
  return { version, archive: candidate.archive, path, size: Number(size), sha256, depends }
}

const locked = (resolved: Resolved): Readonly<Record<string, LockedPackage>> =>
  Object.fromEntries([...resolved].map(([name, { candidate, depends }]) => [name, lockedOf(candidate, depends)]))

/** The Debian packages that images name: their own and those of their addons. */
export const debianRoots = (products: readonly Product[]): readonly string[] =>
  [
    ...new Set(
      products.flatMap(({ image }) => [
        ...image.packages,
        ...image.addons.flatMap((name) => addons[name]?.packages ?? []),
      ]),
    ),
  ].sort()

const tarballs = ({ products, versions }: RefreshParts): readonly (readonly [name: string, version: string])[] => {
  const names = [...new Set(products.flatMap(({ image }) => image.addons))].sort()
  const versionOf = (name: string): string => {
    const version = versions[name]
    if (version === undefined) throw new CliError(`package.json pins no version of ${name}`)
    return version
  }
  return Object.values(platforms).flatMap(({ bun, addonSuffix }) => [
    [bun, versionOf('bun')] as const,
    ...names.map((name) => [`${name}${addonSuffix}`, versionOf(name)] as const),
  ])
}

const npmOf = async (parts: RefreshParts): Promise<Readonly<Record<string, LockedTarball>>> =>
  Object.fromEntries(
    await Promise.all(
      tarballs(parts).map(async ([name, version]) => {
        const { integrity } = await parts.ask(name, version)
        return [name, { version, integrity }] as const
      }),
    ),
  )

/** The lock as it would be now. Throws CliError when a signature, a checksum or a dependency does not hold. */
export const refreshedLock = async (parts: RefreshParts): Promise<ImagesLock> => {
  const [npm, ...lists] = await Promise.all([
    npmOf(parts),
    ...Object.entries(suites).map(
      async ([suite, archive]) => [suite, await readSuite(suite, archive, architectures, parts)] as const,
    ),
  ])
  const base = Object.keys(basePackages)
  const debianOf = (architecture: Architecture) => {
    try {
      const index = buildIndex(lists.flatMap(([, { packages }]) => packages[architecture]))
      return locked(resolve(index, debianRoots(parts.products), base))
    } catch (error) {
      if (error instanceof UnresolvedError) throw new CliError(`${architecture}: ${error.message}`)
      throw error
    }
  }
  return {
    suites: Object.fromEntries(lists.map(([suite, list]) => [suite, list.suite])),
    debian: { amd64: debianOf('amd64'), arm64: debianOf('arm64') },
    npm,
  }
}
