import { CliError } from '../../cli/fail.ts'
import { decompress } from '../format/decompress.ts'
import type { Architecture } from '../format/platform.ts'
import { checksum } from '../packages/cache.ts'
import { type Get, obtain } from '../packages/download.ts'
import type { Mirrors } from '../packages/mirror.ts'
import type { ReadKeys } from './archive-keys.ts'
import { parseStanzas } from './control.ts'
import type { Archive, LockedSuite } from './lock.ts'
import { type Release, readRelease } from './release.ts'
import type { Candidate } from './resolve.ts'

export type Lists = {
  readonly suite: LockedSuite
  readonly packages: Readonly<Record<Architecture, readonly Candidate[]>>
}

type Where = {
  readonly mirrors: Mirrors
  readonly readArchiveKeys: ReadKeys
  readonly get: Get
  readonly cache: string
  readonly now: Date
}

const packagesOf = async (
  release: Release,
  suite: string,
  archive: Archive,
  architecture: Architecture,
  { mirrors, get, cache }: Where,
): Promise<readonly Candidate[]> => {
  const name = [`main/binary-${architecture}/Packages.xz`, `main/binary-${architecture}/Packages.gz`].find((path) =>
    release.files.has(path),
  )
  const listed = release.files.get(name ?? '')
  if (name === undefined || listed === undefined) throw new CliError(`${suite} lists no packages for ${architecture}`)
  const folder = name.slice(0, name.lastIndexOf('/'))
  const bytes = await obtain(
    cache,
    {
      what: `the package list of ${suite} for ${architecture}`,
      checksum: { algorithm: 'sha256', hex: listed.sha256 },
      size: listed.size,
      // By its hash, so that a mirror that is being updated cannot give the list of another moment.
      address: async () => `${mirrors(archive)}dists/${suite}/${folder}/by-hash/SHA256/${listed.sha256}`,
      remedy: 'bun run images:lock',
    },
    get,
  )
  const text = new TextDecoder().decode(await decompress(name, bytes))
  return parseStanzas(text).map((stanza) => ({ archive, stanza }))
}

/** Fetches, verifies and reads a suite. Throws CliError when anything in the chain does not hold. */
export const readSuite = async (
  suite: string,
  archive: Archive,
  architectures: readonly Architecture[],
  where: Where,
): Promise<Lists> => {
  // The security archive calls its suites `bookworm-security` by name and in the path.
  const address = `${where.mirrors(archive)}dists/${suite}/InRelease`
  const bytes = await where.get(address)
  if (bytes === undefined) throw new CliError(`the ${archive} archive has no suite ${suite}`)
  const release = await readRelease(new TextDecoder().decode(bytes), await where.readArchiveKeys(archive), {
    suite,
    now: where.now,
  })
  const packages = await Promise.all(
    architectures.map(
      async (architecture) => [architecture, await packagesOf(release, suite, archive, architecture, where)] as const,
    ),
  )
  return {
    suite: { archive, date: release.date, sha256: checksum(bytes).hex, signedBy: release.signedBy },
    packages: Object.fromEntries(packages) as Lists['packages'], // one for each architecture asked for
  }
}
