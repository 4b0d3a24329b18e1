import { CliError } from '../../cli/fail.ts'
import { debianMirror, type SourcesFile, securityMirror } from '../../platform/apt-sources.ts'
import type { Archive } from '../lock/lock.ts'

type Env = Readonly<Record<string, string | undefined>>

/** The address of an archive's root, with `/` at its end. */
export type Mirrors = (archive: Archive) => string

const rooted = (address: string): string => (address.endsWith('/') ? address : `${address}/`)

/**
 * Where Debian's archives are: LUCID_DEBIAN_MIRROR (an address that ends in `/debian`; the security archive
 * stands beside it as `debian-security`, unless LUCID_DEBIAN_SECURITY_MIRROR says otherwise), else what apt on this
 * machine uses. Throws CliError, when asked for an archive, where neither says.
 */
export const findMirrors =
  (env: Env, sources: () => readonly SourcesFile[]): Mirrors =>
  (archive) => {
    const named = env['LUCID_DEBIAN_MIRROR']
    const beside = named?.replace(/debian\/?$/, 'debian-security')
    const found =
      archive === 'debian'
        ? named || debianMirror(sources())
        : env['LUCID_DEBIAN_SECURITY_MIRROR'] || beside || securityMirror(sources())
    if (!found || !/^(https?|file):/.test(found))
      throw new CliError(
        `this machine names no mirror of the ${archive} archive: set LUCID_DEBIAN_MIRROR to one, an http or file address that ends in /debian`,
      )
    return rooted(found)
  }
