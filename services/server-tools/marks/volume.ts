import { chownSync, readdirSync } from 'node:fs'
import { MARK_FILE } from '#common/host/volume-mark'
import { type Disk, diskAt } from '../prepare/disk.ts'

/** A volume as it is mounted. */
export type MountedVolume = Pick<Disk, 'look' | 'replace'> & {
  /** What is at its top, beside the mark and what every ext4 has. */
  readonly entries: () => readonly string[]
  /** Gives its folder to a user, as the engine does with one that it fills. */
  readonly own: (uid: number) => void
}

export const volumeAt = (root: string): MountedVolume => ({
  ...diskAt(root),
  entries: () => readdirSync(root).filter((name) => name !== MARK_FILE && name !== 'lost+found'),
  own: (uid) => chownSync(root, uid, uid),
})
