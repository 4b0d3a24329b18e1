import { splitLines } from '#common/process/lines'

/** How far a pull is, from the lines that `docker pull` prints without a terminal. Pure. */

type PulledLayer = { readonly digest: string; readonly size: number }

/** The words after which a layer has come. A line says nothing of the bytes before that. */
const come = /^([0-9a-f]{12}): (?:Download complete|Pull complete|Already exists|Verifying Checksum)/

/** Characters of the longest line; what never ends must not fill our memory. */
const LONGEST = 1024

/** Bytes of all that have come; each call takes the next text, whatever its pieces. */
export const pullMeter = (layers: readonly PulledLayer[]): ((text: string) => number) => {
  const sizes = new Map(layers.map(({ digest, size }) => [digest.slice(7, 19), size]))
  const done = new Map<string, number>()
  const read = splitLines(
    (line) => {
      const id = come.exec(line)?.[1]
      if (id !== undefined) done.set(id, sizes.get(id) ?? 0)
    },
    { longest: LONGEST },
  )
  return (text) => {
    read(text)
    return [...done.values()].reduce((sum, size) => sum + size, 0)
  }
}
