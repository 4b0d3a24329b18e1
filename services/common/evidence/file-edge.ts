import { link, open, unlink } from 'node:fs/promises'
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

/** A reader over a file. Throws Fault `no-bundle`, `bundle-unreadable`. */
export const fileReader = async (path: string): Promise<Reader & { readonly close: () => Promise<void> }> => {
  const handle = await open(path, 'r').catch((error: unknown) => {
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
        const { bytesRead } = await handle.read(bytes, done, length - done, at + done)
        if (bytesRead === 0)
          throw new Fault('unavailable', 'bundle-unreadable', `${path} became shorter while it was read`)
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

/**
 * A file that appears under its name only when complete: written beside it (mode 0600), fsynced, then linked.
 * Throws Fault `out-exists` when the name is taken, at once or at commit, and `out-unwritable`.
 */
export const fileSink = async (path: string): Promise<Sink> => {
  if (await Bun.file(path).exists()) throw refuse(path)
  const part = join(dirname(path), `.${crypto.randomUUID()}.part`)
  const handle = await open(part, 'wx', 0o600).catch((cause: unknown) => {
    throw new Fault(
      'unavailable',
      'out-unwritable',
      `cannot write beside ${path}: ${errorCode(cause) || 'unknown'}`,
      {
        cause,
      },
    )
  })
  return {
    write: async (bytes) => {
      for (let done = 0; done < bytes.length; )
        done += (await handle.write(bytes, done, bytes.length - done)).bytesWritten
    },
    commit: async () => {
      await handle.sync()
      await handle.close()
      try {
        // A link, because a rename would replace a file that came to be in the meantime.
        await link(part, path)
      } catch (error) {
        throw errorCode(error) === 'EEXIST'
          ? refuse(path)
          : new Fault(
              'unavailable',
              'out-unwritable',
              `cannot write ${path}: ${errorCode(error) || 'unknown'}`,
              {
                cause: error,
              },
            )
      } finally {
        await unlink(part)
      }
    },
    abort: async () => {
      await handle.close()
      await unlink(part)
    },
  }
}
