import type { Style } from '#common/cli/style'
import { type Text, text } from '#common/cli/text'
import chapters from './chapters.json' with { type: 'json' }

/** The chapters of the demo, in order: what happens, and why it matters to somebody new. */
export const CHAPTERS: Readonly<Record<keyof typeof chapters, readonly string[]>> = chapters

export type Chapter = keyof typeof CHAPTERS

/** The head of a chapter: number and title, and below it why it matters. */
export const renderChapter = (name: Chapter, style: Style): Text => {
  const [title, why] = CHAPTERS[name]
  const head = `${Object.keys(CHAPTERS).indexOf(name) + 1}. ${title}`
  return text(['', { text: head, colour: 'cyan' }, { text: `  ${why}`, colour: 'dim' }], style)
}
