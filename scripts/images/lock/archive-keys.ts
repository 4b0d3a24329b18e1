import { type PublicKey, readKeys } from 'openpgp'
import armored from './debian-archive-keys.txt' with { type: 'text' }
import type { Archive } from './lock.ts'

/** A key that Debian signs its archive with, by its whole fingerprint, and the archive it is believed for. */
export type ArchiveKey = { readonly fingerprint: string; readonly archive: Archive; readonly owner: string }

/**
 * Whom we believe: the keys of Debian 12 as its package debian-archive-keyring has them (they expire in January
 * 2031). They stand in the repository and not on the machine, because a lock is also refreshed where there is no
 * Debian, and because then a change of trust is a change that somebody reviews.
 */
export const archiveKeys: readonly ArchiveKey[] = [
  {
    fingerprint: 'b8b80b5b623eab6ad8775c45b7c5d7d6350947f8',
    archive: 'debian',
    owner: 'Debian Archive Automatic Signing Key (12/bookworm)',
  },
  {
    fingerprint: '4d64fec119c2029067d6e791f8d2585b8783d481',
    archive: 'debian',
    owner: 'Debian Stable Release Key (12/bookworm)',
  },
  {
    fingerprint: '05ab90340c0c5e797f44a8c8254cf3b5aec0a8f0',
    archive: 'debian-security',
    owner: 'Debian Security Archive Automatic Signing Key (12/bookworm)',
  },
]

/** Whose signatures are believed for an archive. */
export type ReadKeys = (archive: Archive) => Promise<readonly PublicKey[]>

const BLOCK = /-----BEGIN PGP PUBLIC KEY BLOCK-----[\s\S]*?-----END PGP PUBLIC KEY BLOCK-----/g

/** The live ones: the keys of the file whose fingerprint is in the table. */
export const readArchiveKeys: ReadKeys = async (archive) => {
  const blocks = armored.match(BLOCK) ?? []
  const keys = (await Promise.all(blocks.map((armoredKeys) => readKeys({ armoredKeys })))).flat()
  const believed = archiveKeys.filter((key) => key.archive === archive).map(({ fingerprint }) => fingerprint)
  return keys.filter((key) => believed.includes(key.getFingerprint()))
}
