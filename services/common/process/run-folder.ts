import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { errorCode } from './error.ts'

/** A folder of ours alone (0700) for sockets and files that live as long as the process. */
export type RunFolder = { readonly path: string; readonly remove: () => void }

/** The least that systems allow a Unix socket's path: 104 bytes on macOS, the NUL at the end included. */
const MOST_BYTES = 103
/** Longer than the name of any socket of ours. */
const LONGEST = 'sixteen-and.sock'
/** Paths that need no quotes in the configuration of whoever is handed one. */
const PLAIN = /^[\w./+-]+$/
const PREFIX = 'lucid-'

const ownIn = (data: string): string => join(data, 'run')
/** Names the folder where it is not in the data folder. */
const pointerIn = (data: string): string => join(data, 'run-elsewhere')

/** Whether a socket can be made there: not on every file system, and not where the root is read-only. */
const holdsSockets = async (path: string): Promise<boolean> => {
  if (!PLAIN.test(path) || Buffer.byteLength(join(path, LONGEST)) > MOST_BYTES) return false
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch {
    return false
  }
  const server = createServer()
  const { promise, resolve } = Promise.withResolvers<boolean>()
  server.once('error', () => resolve(false))
  server.listen(join(path, LONGEST), () => resolve(true))
  const holds = await promise
  if (holds) await new Promise((closed) => server.close(closed))
  return holds
}

const removeElsewhere = (data: string): void => {
  try {
    const path = readFileSync(pointerIn(data), 'utf8')
    const found = lstatSync(path)
    if (basename(path).startsWith(PREFIX) && found.isDirectory() && found.uid === process.getuid?.())
      rmSync(path, { recursive: true, force: true })
  } catch {
    // There is none, or it went with its tmpfs.
  }
}

/** In a container the data folder may be on a root that is read-only: nothing of ours can be there then. */
const removeWhereWritable = (path: string): void => {
  try {
    rmSync(path, { recursive: true, force: true })
  } catch (error) {
    if (errorCode(error) !== 'EROFS') throw error
  }
}

/** Removes what a process with this data folder left of its run folder, be it killed. */
export const removeRunFolder = (data: string): void => {
  removeElsewhere(data)
  for (const path of [pointerIn(data), ownIn(data)]) removeWhereWritable(path)
}

/** Opens the run folder of a service, empty: in its data folder, or, where no socket can be, a temporary one. */
export const openRunFolder = async (service: string, data: string): Promise<RunFolder> => {
  removeRunFolder(data)
  const remove = () => removeRunFolder(data)
  const own = ownIn(data)
  if (await holdsSockets(own)) return { path: own, remove }
  removeWhereWritable(own)
  const path = mkdtempSync(join(tmpdir(), `${PREFIX}${service}-`))
  try {
    writeFileSync(pointerIn(data), path, { mode: 0o600 })
  } catch {
    // A data folder that is read-only is a container's, whose /tmp ends with it.
  }
  return {
    path,
    remove: () => {
      rmSync(path, { recursive: true, force: true })
      remove()
    },
  }
}
