import type { Architecture } from '../format/platform.ts'

/** The lock of what images are made of. Committed; `bun run images:lock` writes it. Pure. */

/** A Debian package as it was signed for. Sizes are bytes; `path` is below the root of its archive. */
export type LockedPackage = {
  readonly version: string
  readonly archive: Archive
  readonly path: string
  readonly size: number
  readonly sha256: string
  /** Names of the packages it needs to run, of those that an image may hold. */
  readonly depends: readonly string[]
}

/** Debian keeps security updates in an archive of their own. */
export type Archive = 'debian' | 'debian-security'

/** What was signed: the checksum of the InRelease file and the keys that signed it (fingerprints). */
export type LockedSuite = {
  readonly archive: Archive
  readonly date: string
  readonly sha256: string
  readonly signedBy: readonly string[]
}

export type LockedTarball = {
  readonly version: string
  /** Subresource integrity as npm gives it: `sha512-...`. */
  readonly integrity: string
}

export type ImagesLock = {
  readonly suites: Readonly<Record<string, LockedSuite>>
  readonly debian: Readonly<Record<Architecture, Readonly<Record<string, LockedPackage>>>>
  readonly npm: Readonly<Record<string, LockedTarball>>
}

/** What is wrong with a lock, with the command that mends it. */
export class LockError extends Error {
  constructor(what: string) {
    super(`${what}; run: bun run images:lock`)
    this.name = 'LockError'
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const packageFault = (value: unknown): string | undefined => {
  if (!isRecord(value)) return 'is no package'
  const { version, archive, path, size, sha256, depends } = value
  if (typeof version !== 'string' || version === '') return 'has no version'
  if (archive !== 'debian' && archive !== 'debian-security') return 'is of no known archive'
  if (typeof path !== 'string' || !/^pool\/[\w.+~%:/-]+\.deb$/.test(path) || path.includes('..'))
    return 'has no path'
  if (!Number.isSafeInteger(size) || Number(size) <= 0) return 'has no size'
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) return 'has no sha256'
  return Array.isArray(depends) && depends.every((name) => typeof name === 'string')
    ? undefined
    : 'has no depends'
}

const tarballFault = (value: unknown): string | undefined =>
  isRecord(value) &&
  typeof value['version'] === 'string' &&
  /^sha512-[A-Za-z0-9+/]{86}==$/.test(String(value['integrity']))
    ? undefined
    : 'has no version or no sha512 integrity'

/** Every fault of a lock that was read, one line each. */
export const lockFaults = (lock: unknown): readonly string[] => {
  if (!isRecord(lock) || !isRecord(lock['debian']) || !isRecord(lock['npm']) || !isRecord(lock['suites']))
    return ['it lacks suites, debian or npm']
  const debian = Object.entries(lock['debian']).flatMap(([architecture, packages]) =>
    Object.entries(isRecord(packages) ? packages : {}).flatMap(([name, value]) => {
      const fault = packageFault(value)
      return fault === undefined ? [] : [`${name} (${architecture}) ${fault}`]
    }),
  )
  const npm = Object.entries(lock['npm']).flatMap(([name, value]) => {
    const fault = tarballFault(value)
    return fault === undefined ? [] : [`${name} ${fault}`]
  })
  const missing = ['amd64', 'arm64'].filter(
    (name) => !isRecord((lock['debian'] as Record<string, unknown>)[name]),
  )
  return [...missing.map((name) => `it lacks packages for ${name}`), ...debian, ...npm]
}

/** The lock in a file. Throws LockError for anything that is none. */
export const parseLock = (text: string): ImagesLock => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new LockError('the image lock is no JSON')
  }
  const [fault] = lockFaults(value)
  if (fault !== undefined) throw new LockError(`the image lock is broken: ${fault}`)
  return value as ImagesLock // lockFaults looked at every field
}

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  )
}

/** JSON with sorted keys: equal content gives equal bytes. */
export const sortedJson = (value: unknown): string => `${JSON.stringify(sorted(value), null, 2)}\n`

/** A locked package by name. Throws LockError when the lock does not have it. */
export const lockedPackage = (lock: ImagesLock, architecture: Architecture, name: string): LockedPackage => {
  const found = lock.debian[architecture][name]
  if (found === undefined) throw new LockError(`the image lock has no package ${name} for ${architecture}`)
  return found
}

/** A locked npm tarball by name. Throws LockError when the lock does not have it. */
export const lockedTarball = (lock: ImagesLock, name: string): LockedTarball => {
  const found = lock.npm[name]
  if (found === undefined) throw new LockError(`the image lock has no npm package ${name}`)
  return found
}

/** The packages and all that they need, sorted; those of the base are not followed. */
export const lockedClosure = (
  lock: ImagesLock,
  architecture: Architecture,
  roots: readonly string[],
  base: readonly string[],
): readonly string[] => {
  const found = new Set<string>()
  const walk = (name: string): void => {
    if (found.has(name) || base.includes(name)) return
    found.add(name)
    for (const need of lockedPackage(lock, architecture, name).depends) walk(need)
  }
  for (const root of roots) walk(root)
  return [...found].sort()
}
