import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { Architecture } from '../format/platform.ts'

/** The lock of what images are made of. Committed; `bun run images:lock` writes it. Pure. */

/** Debian keeps security updates in an archive of their own. */
const Archive = Type.Union([Type.Literal('debian'), Type.Literal('debian-security')])
export type Archive = Static<typeof Archive>

const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' })
const Words = Type.Unsafe<readonly string[]>(Type.Array(Type.String()))

/** A Debian package as it was signed for. Sizes are bytes; `path` is below the root of its archive. */
const LockedPackage = Type.Object({
  version: Type.String({ minLength: 1 }),
  archive: Archive,
  path: Type.String({ pattern: '^pool/(?!.*\\.\\.)[\\w.+~%:/-]+\\.deb$' }),
  size: Type.Integer({ minimum: 1 }),
  sha256: Hash,
  /** Names of the packages it needs to run, of those that an image may hold. */
  depends: Words,
})
export type LockedPackage = Readonly<Static<typeof LockedPackage>>

/** What was signed: the checksum of the InRelease file and the keys that signed it (fingerprints). */
const LockedSuite = Type.Object({ archive: Archive, date: Type.String(), sha256: Hash, signedBy: Words })
export type LockedSuite = Readonly<Static<typeof LockedSuite>>

/** `integrity`: subresource integrity as npm gives it. */
const LockedTarball = Type.Object({
  version: Type.String({ minLength: 1 }),
  integrity: Type.String({ pattern: '^sha512-[A-Za-z0-9+/]{86}==$' }),
})
export type LockedTarball = Readonly<Static<typeof LockedTarball>>

const Packages = Type.Record(Type.String(), LockedPackage)
const Lock = Type.Object({
  suites: Type.Record(Type.String(), LockedSuite),
  debian: Type.Object({ amd64: Packages, arm64: Packages }),
  npm: Type.Record(Type.String(), LockedTarball),
})
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
