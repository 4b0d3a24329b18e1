import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { syncFolder } from '../process/sync-folder.ts'
import type { Entry } from './manifest.ts'
import { MARKS } from './marks.ts'
import { type BytePath, bytesOf, parentOf, pathOf } from './path-bytes.ts'

/** A file that is being restored. */
export type Sink = {
  /** Bytes go where the last ones ended; zeros may be left out and take no room. */
  readonly write: (bytes: Uint8Array) => void
  readonly skip: (length: number) => void
  readonly close: () => void
}

/** The folder that a tree is restored into, with a folder or file for each unit. */
export type Target = {
  /** True when there is something where a unit would go. */
  readonly occupied: (unit: BytePath) => boolean
  /** Moves what is there aside, within the unit. Goes on where an earlier call was cut. */
  readonly setAside: (unit: BytePath) => void
  /** Throws away what was restored and puts back what was set aside. */
  readonly putBack: (unit: BytePath) => void
  /** Throws away what was set aside. */
  readonly forgetAside: (unit: BytePath) => void
  readonly makeFolder: (path: BytePath) => void
  readonly makeFile: (path: BytePath) => Sink
  readonly makeSymlink: (path: BytePath, target: BytePath) => void
  readonly makeLink: (path: BytePath, target: BytePath) => void
  readonly remove: (path: BytePath) => void
  /** The marks (`marks.ts`) of what was set aside, where they stood. */
  readonly marksAside: (unit: BytePath) => readonly BytePath[]
  /** Makes an empty mark that is not there yet, durable, for the owner of the service's folder; nothing where that is not. */
  readonly makeMark: (path: BytePath) => void
  /** Writes a file, durable, for the owner of its folder, in place of one before; false where there is no such folder. */
  readonly tell: (path: BytePath, text: string) => boolean
  /** What is in a folder; nothing where there is none. */
  readonly names: (path: BytePath) => readonly BytePath[]
  /** Owner, mode and time; to the microsecond, which is what the runtime can set. */
  readonly dress: (entry: Entry) => void
  /** A file or folder is on disk when it resolves. */
  readonly settle: (path: BytePath) => Promise<void>
}

const ASIDE = '.lucid-before-restore'
/** While things are moved into it: what is beside it then is old, not restored. */
const MOVING = `${ASIDE}.part`
const PAGE = 4096
const zeros = Buffer.alloc(PAGE)

const sinkOf = (fd: number): Sink => {
  let at = 0
  return {
    write: (bytes) => {
      for (let from = 0; from < bytes.length; ) {
        // As many pages as are alike in being zeros or not.
        const isHole = (start: number) => {
          const page = bytes.subarray(start, start + PAGE)
          return page.length === PAGE && zeros.equals(page)
        }
        const hole = isHole(from)
        let to = from + PAGE
        while (to < bytes.length && isHole(to) === hole) to += PAGE
        to = Math.min(to, bytes.length)
        if (!hole) for (let done = from; done < to; ) done += writeSync(fd, bytes, done, to - done, at + done)
        from = to
      }
      at += bytes.length
    },
    skip: (length) => {
      at += length
    },
    close: () => {
      ftruncateSync(fd, at)
      closeSync(fd)
    },
  }
}

/** Names and kinds below `root`, as bytes of paths. */
const openFolder = (root: string) => {
  const at = (path: BytePath): Buffer => Buffer.concat([Buffer.from(`${root}/`), bytesOf(path)])
  const stat = (path: BytePath) => lstatSync(at(path), { throwIfNoEntry: false })
  /** A file has nothing below it: that is no error here. */
  const exists = (path: BytePath): boolean => {
    try {
      return stat(path) !== undefined
    } catch {
      return false
    }
  }
  const isFolder = (path: BytePath): boolean => stat(path)?.isDirectory() === true
  const children = (path: BytePath): readonly BytePath[] => readdirSync(at(path), { encoding: 'buffer' }).map(pathOf)
  return {
    ...{ at, stat, exists, isFolder, children },
    names: (path: BytePath): readonly BytePath[] => (exists(path) && isFolder(path) ? children(path) : []),
    remove: (path: BytePath): void => rmSync(at(path), { recursive: true, force: true }),
    move: (from: BytePath, to: BytePath): void => renameSync(at(from), at(to)),
  }
}

/** What stood where a unit is restored, kept within the unit until the restore has ended. */
const aside = ({ stat, exists, isFolder, children, names, remove, move, at }: ReturnType<typeof openFolder>) => {
  const others = (unit: BytePath) => children(unit).filter((name) => name !== ASIDE && name !== MOVING)

  const setAsideFolder = (unit: BytePath): void => {
    if (stat(`${unit}/${ASIDE}`) !== undefined) {
      for (const name of others(unit)) remove(`${unit}/${name}`)
      return
    }
    mkdirSync(at(`${unit}/${MOVING}`), { recursive: true, mode: 0o700 })
    for (const name of others(unit)) move(`${unit}/${name}`, `${unit}/${MOVING}/${name}`)
    move(`${unit}/${MOVING}`, `${unit}/${ASIDE}`)
  }

  return {
    setAside: (unit: BytePath): void => {
      if (isFolder(unit)) setAsideFolder(unit)
      else if (stat(`${unit}${ASIDE}`) === undefined && stat(unit) !== undefined) move(unit, `${unit}${ASIDE}`)
      else remove(unit)
    },
    putBack: (unit: BytePath): void => {
      if (stat(`${unit}${ASIDE}`) !== undefined) {
        remove(unit)
        move(`${unit}${ASIDE}`, unit)
        return
      }
      if (!isFolder(unit)) {
        remove(unit)
        return
      }
      for (const name of others(unit)) remove(`${unit}/${name}`)
      if (stat(`${unit}/${ASIDE}`) === undefined) return
      for (const name of children(`${unit}/${ASIDE}`)) move(`${unit}/${ASIDE}/${name}`, `${unit}/${name}`)
      remove(`${unit}/${ASIDE}`)
    },
    marksAside: (unit: BytePath): readonly BytePath[] => {
      return names(`${unit}/${ASIDE}`).flatMap((service) =>
        names(`${unit}/${ASIDE}/${service}/${MARKS}`).map((name) => `${unit}/${service}/${MARKS}/${name}`),
      )
    },
    forgetAside: (unit: BytePath): void => {
      for (const name of [`${unit}${ASIDE}`, `${unit}/${ASIDE}`]) if (exists(name)) remove(name)
    },
  }
}

/** Restores below `root`. */
export const folderTarget = (root: string): Target => {
  const folder = openFolder(root)
  const { at, stat, exists, children, names, remove } = folder
  /** A small file whole and durable, as its folder's owner has it. */
  const writeOwned = (path: BytePath, text: string, { uid, gid }: { readonly uid: number; readonly gid: number }) => {
    remove(path)
    const file = openSync(at(path), 'wx', 0o600)
    writeSync(file, text)
    fsyncSync(file)
    closeSync(file)
    lchownSync(at(path), uid, gid)
    syncFolder(at(parentOf(path)).toString())
  }
  return {
    ...aside(folder),
    names,
    occupied: (unit) => {
      if (stat(`${unit}${ASIDE}`) !== undefined) return true
      const found = stat(unit)
      if (found === undefined) return false
      return !found.isDirectory() || children(unit).length > 0
    },
    makeFolder: (path) => void mkdirSync(at(path), { recursive: true, mode: 0o700 }),
    makeFile: (path) => sinkOf(openSync(at(path), 'wx', 0o600)),
    makeSymlink: (path, target) => symlinkSync(bytesOf(target), at(path)),
    makeLink: (path, target) => linkSync(at(target), at(path)),
    remove,
    makeMark: (path) => {
      const folder = parentOf(path)
      const service = stat(parentOf(folder))
      if (service === undefined || stat(path) !== undefined) return
      mkdirSync(at(folder), { recursive: true, mode: 0o700 })
      lchownSync(at(folder), service.uid, service.gid)
      writeOwned(path, '', service)
    },
    tell: (path, text) => {
      const owner = exists(parentOf(path)) ? stat(parentOf(path)) : undefined
      // A link leads out of the volume.
      if (owner?.isDirectory() !== true) return false
      writeOwned(path, text, owner)
      return true
    },
    dress: (entry) => {
      const path = at(entry.path)
      if (!existsSync(path) && entry.type !== 'symlink') return
      // Half a microsecond more: the runtime cuts off what a double cannot hold.
      const seconds = (Number(BigInt(entry.mtime) / 1000n) + 0.5) / 1e6
      lchownSync(path, entry.uid, entry.gid)
      // After the owner, whose change takes set-user-id bits away.
      if (entry.type !== 'symlink') chmodSync(path, entry.mode)
      lutimesSync(path, seconds, seconds)
    },
    settle: async (path) => {
      const file = await open(at(path), 'r')
      await file.sync().finally(() => file.close())
    },
  }
}
