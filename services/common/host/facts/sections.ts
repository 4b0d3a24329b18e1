/** What the collector printed, by section (`NAME` or `NAME THING`): lines without the blank that each begins with. */
export type Sections = ReadonlyMap<string, readonly string[]>

/** No engine of ours has so much to say; what is longer is cut. */
const MAX_TEXT = 8 * 1024 * 1024

/** Cuts the text into sections. What stands before the first one, and every line that is not content, is skipped. */
export const parseSections = (text: string): Sections => {
  const sections = new Map<string, string[]>()
  let lines: string[] | undefined
  for (const line of text.slice(0, MAX_TEXT).split('\n')) {
    const name = /^== ([a-z-]{1,40}(?: \S.*?)?)\r?$/.exec(line)?.[1]
    if (name !== undefined) {
      lines = sections.get(name) ?? []
      sections.set(name, lines)
    } else if (line.startsWith(' ') && line.trim() !== '') lines?.push(line.slice(1).replace(/\r$/, ''))
  }
  return sections
}
