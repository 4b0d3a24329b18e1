/** Exit codes of sysexits.h beside 64 (`EXIT_USAGE`): what kept a command from its work, where 1 says something else. */

/** An input is not there or cannot be opened. */
export const EXIT_NO_INPUT = 66
/** A fault of ours. */
export const EXIT_SOFTWARE = 70
/** An output exists already or cannot be made. */
export const EXIT_CANNOT_CREATE = 73
/** Reading or writing failed on the way: a disk that is full or broken. */
export const EXIT_IO = 74
