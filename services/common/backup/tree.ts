import {
  type BigIntStats,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs'
import { errorCode } from '../process/error.ts'
import { Fault } from '../process/fault.ts'
import { type BytePath, bytesOf, pathOf, shownPath } from './path-bytes.ts'

/** Something in a tree, as it was when it was looked at. */
export type Seen = {
  readonly path: BytePath
  readonly kind: 'file' | 'folder' | 'symlink' | 'other'
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  /** ns since 1970. */
  readonly mtime: bigint
  readonly ctime: bigint
  /** One file, whatever its names: device and inode. */
  readonly inode: string
  readonly names: number
  readonly target?: BytePath
}

/** A file that is open for reading. */
export type Source = {
  /** Fills a buffer from where the last call ended; less than its length means the end. */
  readonly read: (into: Uint8Array) => number
  readonly close: () => void
}

/** The tree that is backed up. What vanishes while it is looked at was not there. */
export type Tree = {
  readonly units: () => readonly BytePath[]
  /** Everything in a unit, folders before what is in them, names in the order of their bytes. */
  readonly walk: (unit: BytePath) => readonly Seen[]
  /** Undefined when it is gone. Never follows a symlink. */
  readonly open: (path: BytePath) => Source | undefined
}

/** Folders whose members are units each: they are restored one by one beside others that are there. */
const DEEPER: readonly BytePath[] = ['host/files', 'host/releases', 'host/deploy']

const GONE = ['ENOENT', 'ENOTDIR', 'ESTALE', 'ELOOP']

const ifThere = <T>(path: BytePath, look: () => T): T | undefined => {
  try {
    return look()
  } catch (error) {
    const code = errorCode(error) || String(error)
    if (GONE.includes(code)) return undefined
    throw new Fault('unavailable', 'unreadable', `${shownPath(path)} cannot be read (${code})`, { cause: error })
  }
}

const kindOf = (stat: BigIntStats): Seen['kind'] => {
  if (stat.isFile()) return 'file'
  if (stat.isDirectory()) return 'folder'
  return stat.isSymbolicLink() ? 'symlink' : 'other'
}

/** Opens the file at a place of the disk; undefined when it is gone. */
const openSource = (path: BytePath, place: Buffer): Source | undefined => {
  const fd = ifThere(path, () => openSync(place, constants.O_RDONLY | constants.O_NOFOLLOW))
  if (fd === undefined) return undefined
  return {
    read: (into) => {
      let done = 0
      while (done < into.length) {
        const count = ifThere(path, () => readSync(fd, into, done, into.length - done, null)) ?? 0
        if (count === 0) break
        done += count
      }
      return done
    },
    close: () => closeSync(fd),
  }
}

/** The folder `root` with its units `<kind>/<name>`, as bytes of paths. */
export const folderTree = (root: string): Tree => {
  const at = (path: BytePath): Buffer => Buffer.concat([Buffer.from(`${root}/`), bytesOf(path)])
  const children = (path: BytePath): readonly BytePath[] =>
    (ifThere(path, () => readdirSync(at(path), { encoding: 'buffer' })) ?? [])
      .map(pathOf)
      .sort()
      .map((name) => `${path}/${name}`)

  const look = (path: BytePath): Seen | undefined => {
    const stat = ifThere(path, () => lstatSync(at(path), { bigint: true }))
    if (stat === undefined) return undefined
    const kind = kindOf(stat)
    const target = kind === 'symlink' ? ifThere(path, () => readlinkSync(at(path), { encoding: 'buffer' })) : undefined
    if (kind === 'symlink' && target === undefined) return undefined
    return {
      path,
      kind,
      mode: Number(stat.mode & 0o7777n),
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      size: Number(stat.size),
      mtime: stat.mtimeNs,
      ctime: stat.ctimeNs,
      inode: `${stat.dev}:${stat.ino}`,
      names: Number(stat.nlink),
      ...(target !== undefined && { target: pathOf(target) }),
    }
  }

  const walk = (path: BytePath): readonly Seen[] => {
    const found: Seen[] = []
    const waiting: BytePath[] = [path]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const seen = look(next)
      if (seen === undefined) continue
      found.push(seen)
      if (seen.kind === 'folder') waiting.push(...children(next).toReversed())
    }
    return found
  }

  return {
    units: () => [
      ...(existsSync(`${root}/host`) ? children('host') : []).flatMap((path) =>
        DEEPER.includes(path) ? children(path) : [path],
      ),
      ...(existsSync(`${root}/volumes`) ? children('volumes') : []),
    ],
    walk,
    open: (path) => openSource(path, at(path)),
  }
}
