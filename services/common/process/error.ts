/** The code of a system call or of a database, as `ENOENT`; '' when what was thrown has none. */
export const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : ''

/** What was thrown in its own words; not everything that is thrown is an Error. */
export const errorMessage = (error: unknown): string => (error instanceof Error ? error.message : String(error))
