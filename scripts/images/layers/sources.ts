import { CliError } from '../../cli/fail.ts'
import { sumOfIntegrity } from '../cache.ts'
import { type Get, obtain } from '../download.ts'
import type { Mirrors } from '../mirror.ts'
import type { Ask } from '../npm-client.ts'
import type { Getters } from './make.ts'

export type SourceParts = {
  readonly cache: string
  readonly mirrors: Mirrors
  readonly ask: Ask
  readonly get: Get
}

const MEND = 'bun run images:lock'

/** Pinned packages out of the cache, or from the mirror and the registry of this machine. */
export const sources = ({ cache, mirrors, ask, get }: SourceParts): Getters => ({
  getPackage: ({ name, version, archive, path, size, sha256 }) =>
    obtain(
      cache,
      {
        what: `the Debian package ${name} ${version}`,
        sum: { algorithm: 'sha256', hex: sha256 },
        size,
        address: async () => `${mirrors(archive)}${path}`,
        mend: MEND,
      },
      get,
    ),
  getTarball: ({ name, version, integrity }) =>
    obtain(
      cache,
      {
        what: `the npm package ${name}@${version}`,
        sum: sumOfIntegrity(integrity),
        address: async () => {
          const published = await ask(name, version)
          if (published.integrity !== integrity)
            throw new CliError(
              `npm's ${name}@${version} is not what the lock pins: the registry says ${published.integrity}`,
            )
          return published.tarball
        },
        mend: MEND,
      },
      get,
    ),
})
