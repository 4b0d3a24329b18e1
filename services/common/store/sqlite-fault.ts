import { errorCode } from '../process/error.ts'
import { Fault } from '../process/fault.ts'
import { diskFull, duplicate } from './faults.ts'

/** What SQLite and the file system report, in the words of the store. Anything unknown stays as it is: that is a bug, not a fault. */
export const sqliteFault = (error: unknown, collection: string): unknown => {
  const code = errorCode(error)
  // A unique index or the primary key: https://sqlite.org/rescode.html
  if (/^SQLITE_CONSTRAINT_(?:UNIQUE|PRIMARYKEY)$/.test(code)) return duplicate(collection, error)
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT') return diskFull(error)
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'))
    return new Fault(
      'unavailable',
      'store-busy',
      'another process holds the data file: end it, or give this service its own data folder',
      { retryAfter: 1_000, cause: error },
    )
  if (/^(SQLITE_(IOERR|CANTOPEN|READONLY|CORRUPT|NOTADB|PERM)|E(ACCES|PERM|ROFS|ISDIR|NOTDIR|NOENT|IO)$)/.test(code))
    return new Fault(
      'unavailable',
      'disk-error',
      `the data file cannot be used (${code}): check the disk and the rights of the data folder`,
      { cause: error },
    )
  return error
}
