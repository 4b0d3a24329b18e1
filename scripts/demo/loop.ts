import { open } from 'node:fs/promises'
import { CliError } from '../cli/fail.ts'

const MIB = 1024 * 1024
/** More than three chunks of 8 MiB: what comes below is repeated until it is that large. */
const ENOUGH = 24 * MIB + 1
const LEAST = 25 * MIB
/** The copies that are tampered with are made in memory, two at a time. */
const MOST = 256 * MIB

/** How often a recording of that many bytes is played over. Throws CliError when it is empty or too large. */
export const countRepeats = (size: number): number => {
  if (size === 0) throw new CliError('the recording is empty: give one with --input FILE')
  if (size > MOST)
    throw new CliError('the recording is over 256 MiB, too large for a demo: use bun run record, export and verify')
  return size >= ENOUGH ? 1 : Math.ceil(LEAST / size)
}

/** Writes the bytes of a file that many times over into a new one. Memory: the file once. */
export const writeLooped = async (
  from: string,
  to: string,
  { times, signal }: { readonly times: number; readonly signal: AbortSignal },
): Promise<void> => {
  const bytes = await Bun.file(from).bytes()
  const out = await open(to, 'wx', 0o600)
  try {
    for (let done = 0; done < times; done += 1) {
      signal.throwIfAborted()
      await out.writeFile(bytes)
    }
  } finally {
    await out.close()
  }
}
