/** Exit codes that mean something by convention: POSIX shells (126, 127, 128 + signal), sysexits.h, the engine (125), Bun. */
const meanings: Readonly<Record<number, string>> = {
  0: 'it ended by itself, without a complaint',
  2: 'it was called wrongly',
  64: 'its command line is wrong (EX_USAGE)',
  70: 'a fault of its own (EX_SOFTWARE)',
  71: 'the system refused something (EX_OSERR)',
  73: 'it could not make a file (EX_CANTCREAT)',
  74: 'reading or writing failed (EX_IOERR)',
  77: 'it lacks a right (EX_NOPERM)',
  78: 'its configuration is wrong or incomplete (EX_CONFIG)',
  125: 'the engine could not start it',
  126: 'its program cannot be run',
  127: 'its program is not in the image',
  132: 'the processor does not know an instruction (SIGILL): built for another one',
  134: 'it gave itself up (SIGABRT)',
  135: 'a bus error (SIGBUS): often a full /tmp or a disk that fails',
  137: 'it was killed (SIGKILL): by hand, or by the kernel for want of memory',
  139: 'a segmentation fault (SIGSEGV)',
  143: 'it was asked to stop (SIGTERM)',
}

/** Our services end with it when no restart can help (sysexits.h). */
export const EX_CONFIG = 78
/** 128 + SIGKILL. */
export const KILLED = 137

/** An exit code in words: `exit code 78: its configuration is wrong or incomplete (EX_CONFIG)`. */
export const explainExit = (code: number): string => {
  const signal = code > 128 && code < 160 ? `it was ended by signal ${code - 128}` : undefined
  const meaning = meanings[code] ?? signal
  return meaning === undefined ? `exit code ${code}` : `exit code ${code}: ${meaning}`
}
