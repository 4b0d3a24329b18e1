import type { Style } from '#common/cli/style'
import type { Print } from '#common/cli/text'
import { type Chapter, renderChapter } from './chapter.ts'
import type { Scope } from './scope.ts'

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
  style,
  ...parts
}: Pick<Teller, 'scope' | 'folder' | 'keep'> & { readonly write: Print; readonly style: Style }): Teller => ({
  ...parts,
  signal: parts.scope.signal,
  head: (name) => write(renderChapter(name, style)),
  say: (line) => write(`  ${line}\n`),
})
