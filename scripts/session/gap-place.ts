/** Where recorded time is missing, in words: a gap at the number of chunks is behind the last of them. */
export const placeOfGap = (at: number, chunks: number | undefined): string =>
  at === chunks ? 'behind the last chunk' : `before chunk ${at}`
