import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
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

const Package = Type.Object({
  version: Type.String({ minLength: 1 }),
  archive: Type.Union([Type.Literal('debian'), Type.Literal('debian-security')]),
  path: Type.String({ pattern: '^pool/(?!.*\\.\\.)[\\w.+~%:/-]+\\.deb$' }),
  size: Type.Integer({ minimum: 1 }),
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  depends: Type.Array(Type.String()),
})
const Packages = Type.Record(Type.String(), Package)
const Suite = Type.Object({
  archive: Package.properties.archive,
  date: Type.String(),
  sha256: Package.properties.sha256,
  signedBy: Type.Array(Type.String()),
})
const Tarball = Type.Object({
  version: Type.String({ minLength: 1 }),
  integrity: Type.String({ pattern: '^sha512-[A-Za-z0-9+/]{86}==$' }),
})
const Lock = Type.Object({
  suites: Type.Record(Type.String(), Suite),
  debian: Type.Object({ amd64: Packages, arm64: Packages }),
  npm: Type.Record(Type.String(), Tarball),
})

/** The lock in a file. Throws LockError that names the first field that is wrong. */
export const parseLock = (text: string): ImagesLock => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new LockError('the image lock is no JSON')
  }
  if (Value.Check(Lock, value)) return value
  const first = Value.Errors(Lock, value).First()
  throw new LockError(`the image lock is broken: ${first?.path} ${first?.message}`)
}

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(Reflect.get(value, key))]),
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
