import type { BigIntStats } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { EXIT_NO_INPUT } from '#common/cli/sysexits'
import { errorCode } from '#common/process/error'
import { CliError } from '../cli/fail.ts'
import { findWriter } from './file-writers.ts'
import { type Input, streamOf } from './input.ts'

const PIECE = 1024 * 1024
/** A file that was written to so shortly ago may be written to again, ms. */
const QUIET = 1_000

const refuse = (message: string, cause?: unknown): CliError => new CliError(message, { exitCode: EXIT_NO_INPUT, cause })

const openFile = async (path: string) => {
  const handle = await open(path, 'r').catch((cause: unknown) => {
    throw errorCode(cause) === 'ENOENT'
      ? refuse(`there is no file ${path}: give one with --input FILE, or - for standard input`, cause)
      : refuse(`${path} cannot be read (${errorCode(cause)}): check its permissions`, cause)
  })
  const begun = await handle.stat({ bigint: true })
  const wrong = !begun.isFile()
    ? `${path} is not a file: give one with --input FILE, or - for standard input`
    : begun.size === 0n
      ? `${path} is empty: there is nothing to record`
      : undefined
  if (wrong === undefined) return { handle, begun }
  await handle.close()
  throw refuse(wrong)
}

/** What is different between a file as it was opened, as it is now, and what has its name now. */
export const compareFile = (
  begun: BigIntStats,
  now: BigIntStats,
  named: BigIntStats | undefined,
): string | undefined => {
  if (now.size > begun.size) return `the file grew from ${begun.size} to ${now.size} bytes while it was recorded`
  if (now.size < begun.size) return `the file was cut from ${begun.size} to ${now.size} bytes while it was recorded`
  if (now.mtimeNs !== begun.mtimeNs) return 'the file was written to while it was recorded'
  if (named === undefined) return 'the file was taken away while it was recorded'
  if (named.dev !== begun.dev || named.ino !== begun.ino)
    return 'another file took the place of the file while it was recorded'
  // Also after a time of change that was put back. A new name or new permissions count, too: they cannot be told apart.
  if (now.ctimeNs !== begun.ctimeNs) return 'the file or its attributes were changed while it was recorded'
  return undefined
}

/**
 * A file, by one descriptor from the first byte to the last look: whatever happens to its name, two files never become
 * one recording. `fault` compares identity, size and times with those at the beginning. Throws CliError (66) when it is
 * not there, no file, not readable, empty, or still open for writing.
 */
export const fileInput = async (path: string): Promise<Input> => {
  const { handle, begun } = await openFile(path)
  const writer = findWriter(begun)
  if (writer !== undefined) {
    await handle.close()
    throw refuse(
      `${path} is still open for writing by process ${writer}: wait until it is finished, or record what it writes: bun run record -- COMMAND`,
    )
  }
  const size = Number(begun.size)
  let stopped: string | undefined

  async function* rest(offset: number): AsyncGenerator<Uint8Array> {
    for (let at = offset; at < size && stopped === undefined; ) {
      const { bytesRead, buffer } = await handle.read(new Uint8Array(Math.min(PIECE, size - at)), { position: at })
      if (bytesRead === 0) return // cut: `fault` says so
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  }

  return {
    size,
    from: (offset) => streamOf(rest(offset)),
    acknowledge: () => {},
    stop: (why) => {
      stopped ??= why
    },
    fault: async () => {
      if (stopped !== undefined) return stopped
      const age = Date.now() - Number(begun.mtimeMs)
      if (age < QUIET) await Bun.sleep(Math.min(QUIET, QUIET - age))
      const now = await handle.stat({ bigint: true })
      return compareFile(begun, now, await stat(path, { bigint: true }).catch(() => undefined))
    },
    close: () => handle.close(),
  }
}
