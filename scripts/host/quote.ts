/** A word in single quotes for POSIX sh (POSIX.1-2017, 2.2.2). Throws RangeError on a NUL byte. */
export const quote = (word: string): string => {
  if (word.includes('\0')) throw new RangeError('a word of a shell cannot hold a NUL byte')
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** An argument list as one line of sh. */
export const commandLine = (...words: readonly string[]): string => words.map(quote).join(' ')
