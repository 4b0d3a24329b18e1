/** Exit codes of sysexits.h beside 64 (`EXIT_USAGE`): what kept a command from its work, where 1 says something else. */

/** An input is not there or cannot be opened. */
export const EXIT_NO_INPUT = 66
/** A service does not answer. */
export const EXIT_UNAVAILABLE = 69
/** A fault of ours. */
export const EXIT_SOFTWARE = 70
/** An output exists already or cannot be made. */
export const EXIT_CANNOT_CREATE = 73
/** Reading or writing failed on the way: a disk that is full or broken. */
export const EXIT_IO = 74
/** Not now: it is worth trying again. */
export const EXIT_TEMPORARY = 75
/** Not for this person, or nobody is signed in. */
export const EXIT_NO_PERMISSION = 77
