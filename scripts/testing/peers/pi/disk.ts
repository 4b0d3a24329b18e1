import { closeSync, existsSync, ftruncateSync, openSync } from 'node:fs'
import { type Argv, live } from '../../../cli/run.ts'
import { requireSuccess } from '../processes.ts'

/** A disk of limited size that may be filled. */
export type Disk = {
  /** Fills it until at most `leave` bytes are free. */
  readonly fill: (leave?: number) => Promise<void>
  /** Gives back what `fill` took. */
  readonly free: () => Promise<void>
}

const BALLAST = '/mnt/myssd/.ballast'

/** Fills a disk with one file; what is left is under a block or two. */
const fillScript = (leave: number): string =>
  [
    'set -e',
    `rm -f ${BALLAST} ${BALLAST}.rest`,
    // Free blocks and their size; fallocate writes nothing, so this takes no time.
    `set -- $(stat -f -c '%a %S' /mnt/myssd)`,
    `room=$(($1 * $2 - ${leave}))`,
    // What the file needs for itself is missing at the end, hence the second and smaller try.
    `[ $room -le 0 ] || fallocate -l $room ${BALLAST} || fallocate -l $((room - 1048576)) ${BALLAST}`,
    // The rest of that try, block by block until there is none.
    ...(leave === 0 ? [`dd if=/dev/zero bs=4096 of=${BALLAST}.rest 2>/dev/null || :`] : []),
    'sync -f /mnt/myssd',
  ].join('\n')

/** Makes a file with an empty file system of that size in it, once; blocks are taken when they are written. */
export const makeDiskImage = async (path: string, bytes: number): Promise<void> => {
  if (existsSync(path)) return
  const file = openSync(path, 'w')
  ftruncateSync(file, bytes)
  closeSync(file)
  await requireSuccess('mke2fs', live(['mke2fs', '-q', '-t', 'ext4', '-m', '0', path]))
}

/** The disk behind /mnt/myssd of the namespaces that `enter` enters. */
export const diskOn = (enter: (argv: readonly string[]) => Argv): Disk => {
  const sh = async (script: string) => {
    await requireSuccess('the disk of the emulated Pi', live(enter(['sh', '-c', script])))
  }
  return {
    fill: (leave = 0) => sh(fillScript(leave)),
    free: () => sh(`rm -f ${BALLAST} ${BALLAST}.rest && sync -f /mnt/myssd`),
  }
}
