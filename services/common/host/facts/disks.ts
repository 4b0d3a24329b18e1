import type { Sections } from './sections.ts'
import { dropUndefined, readCount, readNumber, readText } from './values.ts'

/** The file system that holds a folder; sizes in bytes. */
export type Disk = {
  readonly device: string
  readonly mount: string
  readonly size: number
  readonly free: number
  /** Share of its inodes that is used, and whether the kernel mounted it read-only: told at the level `diagnosis`. */
  readonly inodesUsed?: number
  readonly readOnly?: boolean
}

/** A line of `df -Pk` after the word that says of what: the mount may hold blanks, the device does not. */
const parseDisk = (line: string): Disk | undefined => {
  const [, device, size, free, mount = ''] = /^\w+ (\S+) +(\d+) +\d+ +(\d+) +\S+ +(\/.*)$/.exec(line) ?? []
  const [sizeKiB, freeKiB] = [readCount(size), readCount(free)]
  return sizeKiB === undefined || freeKiB === undefined || sizeKiB === 0
    ? undefined
    : { device: readText(device), mount: readText(mount), size: sizeKiB * 1024, free: freeKiB * 1024 }
}

/** Reads the sections `disk`, `inodes` and `mounts`: disks by their mount, each once, with what `df -Pi` and /proc/mounts say of them. */
export const parseDisks = (sections: Sections): readonly Disk[] => {
  const lines = (name: string) => sections.get(name) ?? []
  const inodes = new Map(
    lines('inodes').map((line) => {
      const words = line.split(/\s+/)
      return [words.slice(5).join(' '), readNumber(words[4]) / 100]
    }),
  )
  const options = new Map(lines('mounts').map((line) => [line.split(' ')[1], line.split(' ')[3]?.split(',')]))
  const disks = lines('disk')
    .map(parseDisk)
    .filter((disk) => disk !== undefined)
    .map((disk) => ({
      ...disk,
      ...dropUndefined({ inodesUsed: inodes.get(disk.mount), readOnly: options.get(disk.mount)?.includes('ro') }),
    }))
  return [...new Map(disks.map((disk) => [disk.mount, disk])).values()]
}
