import { lstatSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * A folder of ours alone for sockets and files that live as long as the process: the same for the same data
 * folder, short enough for the name of a Unix socket (108 bytes), and writable where the root is read-only.
 * Throws when somebody else has it.
 */
export const runFolder = (service: string, data: string): string => {
  const mark = new Bun.CryptoHasher('sha256').update(data).digest('hex').slice(0, 12)
  const path = join(tmpdir(), `lucid-${service}-${mark}`)
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const found = lstatSync(path)
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o077) !== 0)
    throw new Error(`${path} is not a folder of ours alone: remove it`)
  return path
}
