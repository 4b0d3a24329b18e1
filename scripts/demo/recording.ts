import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CliError, errorLine } from '../cli/fail.ts'
import { missingPrograms, recordScreen } from './screen.ts'

/** The recording that is shipped; README.md says how it was made. */
export const SHIPPED = join(import.meta.dir, 'recording.mp4')

/** How long a live recording is. */
export const LIVE_SECONDS = 4

/** A recording to prove, and where it comes from, as a sentence. */
export type Recording = {
  readonly source: 'input' | 'live' | 'shipped'
  readonly file: string
  readonly size: number
  readonly description: string
}

const takeFile = async (file: string): Promise<Recording> => {
  const found = await stat(file).catch(() => undefined)
  if (!found?.isFile())
    throw new CliError(
      `${found === undefined ? 'there is no file' : 'this is not a file:'} ${file}: give one with --input FILE`,
    )
  return { source: 'input', file, size: found.size, description: `yours: ${file}` }
}

const shipped = (why: string): Recording => ({
  source: 'shipped',
  file: SHIPPED,
  size: Bun.file(SHIPPED).size,
  description: `the one that is shipped, 24 s of somebody who reads and tests this repository (${why})`,
})

/**
 * What the demo proves: the given file, else a screen that is recorded now where the programs for that are
 * installed (looked for in `path`) and work, else the shipped recording. Throws CliError for a bad `input`.
 */
export const takeRecording = async ({
  input,
  path,
  folder,
  signal,
  onEnd,
  onLive,
}: {
  readonly input: string | undefined
  readonly path: string
  /** An existing folder for what is recorded. */
  readonly folder: string
  readonly signal: AbortSignal
  /** Takes the function that ends a live recording early. */
  readonly onEnd: (stop: () => Promise<void>) => void
  /** Called when a live recording begins. */
  readonly onLive: () => void
}): Promise<Recording> => {
  if (input !== undefined) return takeFile(input)
  if (process.platform !== 'linux') return shipped('a screen can be recorded live on Linux only')
  const missing = missingPrograms(path)
  if (missing.length > 0)
    return shipped(`${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not installed, so none is taken live`)
  const file = join(folder, 'screen.mp4')
  onLive()
  try {
    await recordScreen({ folder: join(folder, 'screen'), file, seconds: LIVE_SECONDS, onEnd })
  } catch (error) {
    signal.throwIfAborted()
    return shipped(`recording live did not work here: ${errorLine(error)}`)
  }
  const description = `taken live just now: ${LIVE_SECONDS} s of a real screen (Xvfb, xterm, ffmpeg) on which tests of Lucid ran`
  return { source: 'live', file, size: Bun.file(file).size, description }
}
