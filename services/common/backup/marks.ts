import type { Entry } from './manifest.ts'
import { type BytePath, unitOf } from './path-bytes.ts'

/**
 * Marks outlive a restore: an empty file SERVICE/erased/NAME says that something was destroyed for good, a key for one. An
 * older snapshot brings the key back, and the service destroys it again at its start when it finds the mark.
 */
export const MARKS = 'erased'

const MARK = /^volumes\/[^/]+\/[^/]+\/erased\/[A-Za-z0-9._-]{1,64}$/

/** The marks among the entries of a snapshot that are in these units. */
export const marksIn = (entries: readonly Entry[], units: readonly BytePath[]): readonly BytePath[] =>
  entries
    .filter(({ type, path }) => type === 'file' && MARK.test(path) && unitOf(path, units) !== undefined)
    .map(({ path }) => path)
