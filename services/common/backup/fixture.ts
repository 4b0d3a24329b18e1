import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { type BackupJob, type BackupParts, type BackupReport, backup } from './backup.ts'
import { cacheFile } from './cache-file.ts'
import { KEEP } from './prune.ts'
import { openRepository, type Repository } from './repository.ts'
import { type RestoreJob, type RestoreReport, restore } from './restore.ts'
import { folderTarget } from './target.ts'
import { folderTree } from './tree.ts'

/** A place for a source, a repository and what is restored; removed when it goes out of scope. */
export type Bench = Disposable & {
  readonly folder: string
  readonly source: string
  readonly repository: () => Repository
  readonly identity: string
  readonly recipient: string
  readonly backup: (
    job?: Partial<BackupJob>,
    parts?: Partial<Pick<BackupParts, 'freeze' | 'now' | 'repository'>>,
  ) => Promise<BackupReport>
  /** Into a new folder, which it answers. */
  readonly restore: (job?: Partial<RestoreJob>) => Promise<RestoreReport & { readonly into: string }>
}

export const CHUNK_KEY = '5a'.repeat(32)
export const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))

/** A job that keeps what every job keeps, for one recipient. */
export const jobFor = (recipient: string): BackupJob => ({
  recipients: [recipient],
  chunkKey: CHUNK_KEY,
  host: 'test',
  tag: null,
  keep: KEEP,
  forget: [],
})

/** What a backup of a folder is made of, where nothing has to stand still. */
export const partsOf = (source: string, repository: Repository, cache: string): BackupParts => ({
  tree: folderTree(source),
  repository,
  cache: cacheFile(cache),
  freeze: async () => {},
  thaw: async () => 0,
  now: Date.now,
  random,
})

export const bench = async (): Promise<Bench> => {
  const folder = mkdtempSync(join(tmpdir(), 'lucid-backup-'))
  const source = join(folder, 'source')
  mkdirSync(join(source, 'volumes'), { recursive: true })
  const identity = await generateX25519Identity()
  const recipient = await identityToRecipient(identity)
  const root = join(folder, 'repository')
  let restores = 0
  return {
    folder,
    source,
    identity,
    recipient,
    repository: () => openRepository(root),
    backup: (job = {}, parts = {}) =>
      backup(
        { ...jobFor(recipient), ...job },
        { ...partsOf(source, openRepository(root), join(folder, 'cache')), ...parts },
      ),
    restore: async (job = {}) => {
      const into = join(folder, `restored-${restores++}`)
      mkdirSync(into)
      const report = await restore(
        { identities: [identity], snapshot: 'newest', units: [], replace: false, ...job },
        { repository: openRepository(root), target: folderTarget(into) },
      )
      return { ...report, into }
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
