import { type Chapter, hasColour, renderChapter } from './chapter.ts'
import type { Scope } from './scope.ts'

type Stream = { readonly isTTY?: boolean; readonly columns?: number }

/** What every chapter has: where it works, how it speaks, and what gives it up. */
export type Teller = {
  readonly scope: Scope
  readonly signal: AbortSignal
  /** A folder of the demo's own. */
  readonly folder: string
  readonly keep: boolean
  readonly head: (name: Chapter) => void
  readonly say: (line: string) => void
}

export const teller = ({
  write,
  stream,
  ...parts
}: Pick<Teller, 'scope' | 'folder' | 'keep'> & {
  readonly write: (text: string) => void
  readonly stream: Stream
}): Teller => {
  const colour = hasColour(stream, process.env)
  return {
    ...parts,
    signal: parts.scope.signal,
    head: (name) => write(renderChapter(name, colour)),
    say: (line) => write(`  ${line}\n`),
  }
}
