import { CliError } from '../../cli/fail.ts'
import type { Getters } from '../layers/layer-content.ts'
import { parseIntegrity } from './cache.ts'
import { type Get, obtain } from './download.ts'
import type { Mirrors } from './mirror.ts'
import type { Ask } from './npm-client.ts'

export type SourceParts = { readonly cache: string; readonly mirrors: Mirrors; readonly ask: Ask; readonly get: Get }

const REMEDY = 'bun run images:lock'

/** Pinned packages out of the cache, or from the mirror and the registry of this machine. */
export const sources = ({ cache, mirrors, ask, get }: SourceParts): Getters => ({
  getPackage: ({ name, version, archive, path, size, sha256 }) =>
    obtain(
      cache,
      {
        what: `the Debian package ${name} ${version}`,
        checksum: { algorithm: 'sha256', hex: sha256 },
        size,
        address: async () => `${mirrors(archive)}${path}`,
        remedy: REMEDY,
      },
      get,
    ),
  getTarball: ({ name, version, integrity }) =>
    obtain(
      cache,
      {
        what: `the npm package ${name}@${version}`,
        checksum: parseIntegrity(integrity),
        address: async () => {
          const published = await ask(name, version)
          if (published.integrity !== integrity)
            throw new CliError(
              `npm's ${name}@${version} is not what the lock pins: the registry says ${published.integrity}`,
            )
          return published.tarball
        },
        remedy: REMEDY,
      },
      get,
    ),
})
