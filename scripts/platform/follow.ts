import { existsSync, statSync } from 'node:fs'
import { lastLines, readPart } from './log-file.ts'

/** How often the files are looked at; polling works alike on every system and file system. */
const EVERY_MS = 200

/** Size of a file, 0 when there is none: where to follow from. */
export const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0)

/** Writes whole lines added to any of the files (path to first offset) until the signal; a rotated one from its top. */
export const follow = async (
  begin: ReadonlyMap<string, number>,
  write: (line: string) => void,
  signal: AbortSignal,
): Promise<void> => {
  const offsets = new Map(begin)
  while (!signal.aborted) {
    for (const [path, from] of offsets) {
      const size = sizeOf(path)
      const start = size < from ? 0 : from
      if (size === start) continue
      const added = readPart(path, { from: start })
      const whole = added.slice(0, added.lastIndexOf('\n') + 1)
      for (const line of lastLines(whole, whole.length)) write(line)
      offsets.set(path, size - Buffer.byteLength(added.slice(whole.length)))
    }
    await Bun.sleep(EVERY_MS)
  }
}
