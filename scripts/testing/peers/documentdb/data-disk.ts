import { mkdirSync } from 'node:fs'
import { CliError } from '../../../cli/fail.ts'
import { type Argv, live } from '../../../cli/run.ts'

const run = async (...argv: Argv): Promise<void> => {
  const { code, err } = await live(argv)
  if (code !== 0) throw new CliError(`${argv.join(' ')}: ${err.trim()}`)
}

/**
 * A memory file system of limited size for the engine's data, to fill it for real. What can be filled there is the
 * data; the log of changes lies beside it, so that a full disk refuses writes instead of ending the engine.
 */
export const openDataDisk = (path: string, bytes: number) => {
  let isMounted = false
  return {
    /** Mounts it, unless it is. True when it is new, and so empty. */
    prepare: async () => {
      if (isMounted) return false
      mkdirSync(path, { recursive: true })
      await run('mount', '-t', 'tmpfs', '-o', `size=${Math.trunc(bytes)}`, 'tmpfs', path)
      isMounted = true
      return true
    },
    /** Another size, at once: room again, or none. */
    resize: (next: number) => run('mount', '-o', `remount,size=${Math.trunc(next)}`, path),
    unmount: async () => {
      if (!isMounted) return
      isMounted = false
      await run('umount', path)
    },
  }
}
