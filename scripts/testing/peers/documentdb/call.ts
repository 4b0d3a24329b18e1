import { type Doc, decode, documentOf, fieldsOf } from './document.ts'

/** A command as it came in, taken apart. Pure. */
export type Call = {
  /** Canonical: aliases and older spellings are gone. */
  readonly name: string
  readonly db: string
  /** The collection it names, if it names one. */
  readonly collection: string | undefined
  /** Its arguments, decoded; without the documents of an insert. */
  readonly request: Doc
  /** What the engine gets: the command without what is the front's business. */
  readonly spec: Buffer
  /** The whole of it, as it was sent. */
  readonly body: Uint8Array
  /** Hex of the session's id. */
  readonly session: string | undefined
  /** Number of the transaction or retryable write. */
  readonly number: string | undefined
  readonly transaction: 'none' | 'starts' | 'goes on'
}

const aliases: Readonly<Record<string, string>> = {
  ismaster: 'isMaster',
  isMaster: 'isMaster',
  buildinfo: 'buildInfo',
  findandmodify: 'findAndModify',
  collstats: 'collStats',
  dbstats: 'dbStats',
}

/** Fields that the front answers for. Read and write concern are accepted and mean the same on one durable node. */
const ours: ReadonlySet<string> = new Set([
  '$db',
  'lsid',
  '$clusterTime',
  'txnNumber',
  'autocommit',
  'startTransaction',
  '$readPreference',
  'readConcern',
  'writeConcern',
  'apiVersion',
  'apiStrict',
  'apiDeprecationErrors',
])

/** Commands whose first value is not a collection even when it is text. */
const unnamed: ReadonlySet<string> = new Set([
  'renameCollection',
  'createUser',
  'updateUser',
  'dropUser',
  'usersInfo',
  'grantRolesToUser',
  'revokeRolesFromUser',
  'createRole',
  'updateRole',
  'dropRole',
  'rolesInfo',
])

const sessionOf = (lsid: unknown): string | undefined => {
  const id = (lsid as Doc | undefined)?.['id']
  return id instanceof Uint8Array ? Buffer.from(id).toString('hex') : undefined
}

const collectionOf = (name: string, request: Doc): string | undefined => {
  const value = name === 'getMore' ? request['collection'] : request[Object.keys(request)[0] ?? '']
  return typeof value === 'string' && !unnamed.has(name) ? value : undefined
}

/** Reads a command. Throws RangeError or BSONError for a damaged document. */
export const callOf = (body: Uint8Array): Call => {
  const fields = fieldsOf(body)
  const given = fields[0]?.name ?? ''
  const name = aliases[given] ?? given
  const read = fields.filter((field) => !(name === 'insert' && field.name === 'documents'))
  const request = decode(documentOf(read.map(({ bytes }) => bytes)))
  const txnNumber = request['txnNumber']
  const transaction = request['autocommit'] === false
  return {
    name,
    db: typeof request['$db'] === 'string' ? request['$db'] : 'admin',
    collection: collectionOf(name, request),
    request,
    spec: documentOf(fields.filter((field) => !ours.has(field.name)).map(({ bytes }) => bytes)),
    body,
    session: sessionOf(request['lsid']),
    number: txnNumber === undefined ? undefined : String(txnNumber),
    transaction: transaction ? (request['startTransaction'] === true ? 'starts' : 'goes on') : 'none',
  }
}
