import type { Cell, Column } from '#common/cli/table'

/** Columns of figures, which stand to the right. */
export const figures = (...titles: readonly string[]): readonly Column[] =>
  titles.map((title) => ({ title, align: 'right' }))

/** Columns of words. */
export const words = (...titles: readonly string[]): readonly Column[] => titles.map((title) => ({ title }))

/** A verdict: green when it is as it should be, red otherwise. */
export const verdict = (text: string, isWell: boolean): Cell => ({ text, colour: isWell ? 'green' : 'red' })
