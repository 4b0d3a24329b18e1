import { constants, readSync } from 'node:fs'
import { type FileHandle, link, lstat, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errorCode } from '../process/error.ts'
import { Fault } from '../process/fault.ts'
import { checkRange, type Reader } from './reader.ts'

/** The edge between the verifier and the file system. */

const openFault = (path: string, error: unknown): Fault =>
  errorCode(error) === 'ENOENT'
    ? new Fault('missing', 'no-bundle', `there is no file ${path}`, { cause: error })
    : new Fault('unavailable', 'bundle-unreadable', `cannot read ${path}: ${errorCode(error) || 'unknown'}`, {
        cause: error,
      })

const readFault = (detail: string, cause?: unknown): Fault =>
  new Fault('unavailable', 'bundle-read-failed', detail, cause === undefined ? {} : { cause })

/** Below this many bytes a turn of the event loop costs more than the read. */
const AT_ONCE = 64 * 1024

const readPart = async (handle: FileHandle, bytes: Uint8Array, done: number, at: number): Promise<number> => {
  const length = bytes.length - done
  if (bytes.length <= AT_ONCE) return readSync(handle.fd, bytes, done, length, at + done)
  return (await handle.read(bytes, done, length, at + done)).bytesRead
}

/** Without waiting: a pipe that nobody writes to would hold the verifier for ever before it can be seen to be no file. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/** A reader over a file. Throws Fault `no-bundle`, `bundle-unreadable`, `not-a-file`; its `read` throws `bundle-read-failed`. */
export const fileReader = async (path: string): Promise<Reader & { readonly close: () => Promise<void> }> => {
  const handle = await open(path, READ).catch((error: unknown) => {
    throw openFault(path, error)
  })
  const info = await handle.stat()
  if (!info.isFile()) {
    await handle.close()
    throw new Fault('invalid', 'not-a-file', `${path} is not a file`)
  }
  return {
    size: info.size,
    read: async (at, length) => {
      checkRange(info.size, at, length)
      const bytes = new Uint8Array(length)
      for (let done = 0; done < length; ) {
        const bytesRead = await readPart(handle, bytes, done, at).catch((cause: unknown) => {
          throw readFault(`cannot read on in ${path}: ${errorCode(cause) || 'unknown'}`, cause)
        })
        if (bytesRead === 0) throw readFault(`${path} became shorter while it was read`)
        done += bytesRead
      }
      return bytes
    },
    close: () => handle.close(),
  }
}

/** Where decrypted content goes. Nothing stands at its name until `commit`; `abort` leaves nothing behind. */
export type Sink = {
  readonly write: (bytes: Uint8Array) => Promise<void>
  readonly commit: () => Promise<void>
  readonly abort: () => Promise<void>
}

const refuse = (path: string): Fault =>
  new Fault('conflict', 'out-exists', `${path} exists already: name another file, nothing is overwritten`)

const unwritable = (code: string, what: string, cause: unknown): Fault =>
  new Fault('unavailable', code, `cannot write ${what}: ${errorCode(cause) || 'unknown'}`, { cause })

/** A link, because a rename would replace a file that came to be in the meantime; a rename where there are no links (FAT). */
const giveName = (part: string, path: string): Promise<void> =>
  link(part, path).catch(async (cause: unknown) => {
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(errorCode(cause))) throw cause
    if ((await lstat(path).catch(() => undefined)) !== undefined) throw refuse(path)
    await rename(part, path)
  })

/**
 * A file that appears under its name only when complete: written beside it (with `mode`), fsynced, then linked.
 * Throws Fault `out-exists` when the name is taken, at once or at commit, `out-unwritable` when no file can be
 * made there, `out-write-failed` when its content cannot be written (disk full). Whatever fails, nothing is left.
 */
export const fileSink = async (path: string, { mode = 0o600 }: { readonly mode?: number } = {}): Promise<Sink> => {
  if ((await lstat(path).catch(() => undefined)) !== undefined) throw refuse(path)
  const part = join(dirname(path), `.${crypto.randomUUID()}.part`)
  const handle = await open(part, 'wx', mode).catch((cause: unknown) => {
    throw unwritable('out-unwritable', `beside ${path}`, cause)
  })
  const failed = (cause: unknown): Fault => unwritable('out-write-failed', path, cause)
  let closed = false
  const close = async (): Promise<void> => {
    if (closed) return
    closed = true
    await handle.close()
  }
  const discard = async (): Promise<void> => {
    await close().catch(() => {})
    await rm(part, { force: true })
  }
  return {
    write: async (bytes) => {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await handle
          .write(bytes, done, bytes.length - done)
          .catch((cause: unknown) => Promise.reject(failed(cause)))
        done += bytesWritten
      }
    },
    commit: async () => {
      try {
        await handle
          .sync()
          .then(close)
          .catch((cause: unknown) => Promise.reject(failed(cause)))
        await giveName(part, path).catch((cause: unknown) =>
          Promise.reject(errorCode(cause) === 'EEXIST' ? refuse(path) : unwritable('out-unwritable', path, cause)),
        )
      } finally {
        await discard()
      }
    },
    abort: discard,
  }
}
