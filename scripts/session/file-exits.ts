import { EXIT_CANNOT_CREATE, EXIT_IO, EXIT_NO_INPUT } from '#common/cli/sysexits'
import { isFault } from '#common/process/fault'

/** What a Fault of reader, sink, keys or session means for the exit code of a command. */
const exits: Readonly<Record<string, number>> = {
  'no-bundle': EXIT_NO_INPUT,
  'bundle-unreadable': EXIT_NO_INPUT,
  'not-a-file': EXIT_NO_INPUT,
  'no-keys': EXIT_NO_INPUT,
  'not-sealed-to-this-key': EXIT_NO_INPUT,
  'no-such-session': EXIT_NO_INPUT,
  'bundle-read-failed': EXIT_IO,
  'out-exists': EXIT_CANNOT_CREATE,
  'out-unwritable': EXIT_CANNOT_CREATE,
  'out-write-failed': EXIT_IO,
}

/** That exit code; undefined for what is not about files. */
export const fileExit = (error: unknown): number | undefined => exits[isFault(error) ? error.code : '']
