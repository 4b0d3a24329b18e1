import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { Secret } from '#common/process/env'
import { syncFolder } from '#common/process/sync-folder'
import type { Found } from './plan.ts'

/** Who a file belongs to, user and group, and its permission bits. */
export type Rights = { readonly uid: number; readonly mode: number }

/** The folder of Lucid on a host. Paths are relative to it; none follows a link at its end. */
export type Disk = {
  readonly look: (path: string) => Found
  /** Makes a folder, or puts owner and mode of one right; true when that was needed. Throws when it is no folder. */
  readonly folder: (path: string, rights: Rights) => boolean
  /** Makes a file whole and durable. Never overwrites: throws when there is one. */
  readonly create: (path: string, text: string, rights: Rights) => void
  /** Puts a whole and durable file in the place of what is there. */
  readonly replace: (path: string, text: string, rights: Rights) => void
  readonly repair: (path: string, rights: Rights) => void
  /** Removes what a power cut left half made in a folder. */
  readonly sweep: (path: string) => void
}

const HALF = /^\..*\.part$/

const kindOf = (stats: Stats): string =>
  stats.isDirectory() ? 'a folder' : stats.isSymbolicLink() ? 'a link' : 'something else'

const lookAt = (path: string): Stats | undefined => lstatSync(path, { throwIfNoEntry: false })

const inspect = (path: string): Found => {
  const stats = lookAt(path)
  if (stats === undefined) return { kind: 'absent' }
  if (!stats.isFile()) return { kind: 'other', what: kindOf(stats) }
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const text = new Secret(readFileSync(file, 'utf8').trim())
    return { kind: 'file', text, uid: stats.uid, gid: stats.gid, mode: stats.mode & 0o7777 }
  } finally {
    closeSync(file)
  }
}

/** Writes a file with its rights beside its place, durable; answers its path. */
const beside = (path: string, text: string, { uid, mode }: Rights): string => {
  const part = join(dirname(path), `.${crypto.randomUUID()}.part`)
  const file = openSync(part, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  try {
    writeSync(file, text)
    // The mode before the owner: what belongs to somebody else takes another capability to change.
    fchmodSync(file, mode)
    fchownSync(file, uid, uid)
    fsyncSync(file)
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
  return part
}

/** The folder of a host as it is mounted, by the calls of the system. */
export const diskAt = (root: string): Disk => {
  const at = (path: string): string => join(root, path)

  return {
    look: (path) => inspect(at(path)),
    folder: (path, { uid, mode }) => {
      const stats = lookAt(at(path))
      if (stats !== undefined && !stats.isDirectory()) throw new Error(`${path} is ${kindOf(stats)}, no folder`)
      if (stats?.uid === uid && stats.gid === uid && (stats.mode & 0o7777) === mode) return false
      if (stats === undefined) mkdirSync(at(path))
      chmodSync(at(path), mode)
      chownSync(at(path), uid, uid)
      syncFolder(dirname(at(path)))
      return true
    },
    create: (path, text, rights) => {
      const part = beside(at(path), text, rights)
      try {
        // A hard link is made or fails; it does not replace.
        linkSync(part, at(path))
      } finally {
        rmSync(part)
      }
      syncFolder(dirname(at(path)))
    },
    replace: (path, text, rights) => {
      renameSync(beside(at(path), text, rights), at(path))
      syncFolder(dirname(at(path)))
    },
    repair: (path, { uid, mode }) => {
      const file = openSync(at(path), constants.O_RDONLY | constants.O_NOFOLLOW)
      try {
        fchmodSync(file, mode)
        fchownSync(file, uid, uid)
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
    },
    sweep: (path) => {
      for (const name of readdirSync(at(path))) if (HALF.test(name)) rmSync(join(at(path), name))
    },
  }
}
