import { buildDocument, type Doc, decode, parseFields } from './document.ts'

/** A command as it came in, taken apart. Pure. */
export type Call = {
  readonly name: string
  readonly db: string
  /** The collection it names, if it names one. */
  readonly collection: string | undefined
  /** Its arguments, decoded; without the documents of an insert. */
  readonly request: Doc
  /** What the engine gets: the command without what is the front's business. */
  readonly spec: Buffer
  /** Hex of the session's id. */
  readonly session: string | undefined
  /** Number of the transaction or retryable write. */
  readonly number: string | undefined
  readonly transaction: 'none' | 'starts' | 'goes on'
}

/** Fields that the front answers for. Read and write concern are accepted and mean the same on one durable node. */
const ownFields: ReadonlySet<string> = new Set([
  '$db',
  'lsid',
  '$clusterTime',
  'txnNumber',
  'autocommit',
  'startTransaction',
  '$readPreference',
  'readConcern',
  'writeConcern',
])

/** How the driver also spells commands. */
const spellings: Readonly<Record<string, string>> = { ismaster: 'hello', isMaster: 'hello', buildinfo: 'buildInfo' }

/** Hex of a session's id. */
export const parseSession = (lsid: unknown): string | undefined => {
  const id = (lsid as Doc | undefined)?.['id']
  return id instanceof Uint8Array ? Buffer.from(id).toString('hex') : undefined
}

const parseCollection = (name: string, request: Doc): string | undefined => {
  const value = name === 'getMore' ? request['collection'] : Object.values(request)[0]
  return typeof value === 'string' ? value : undefined
}

const parseTransaction = (request: Doc): Call['transaction'] => {
  if (request['autocommit'] !== false) return 'none'
  return request['startTransaction'] === true ? 'starts' : 'goes on'
}

/** Reads a command. Throws BSONError for a damaged document. */
export const parseCall = (body: Uint8Array): Call => {
  const fields = parseFields(body)
  const first = fields[0]?.name ?? ''
  const name = spellings[first] ?? first
  const read = fields.filter((field) => !(name === 'insert' && field.name === 'documents'))
  const request = decode(buildDocument(read.map(({ bytes }) => bytes)))
  const { $db, lsid, txnNumber } = request
  return {
    name,
    db: typeof $db === 'string' ? $db : 'admin',
    collection: parseCollection(name, request),
    request,
    spec: buildDocument(fields.filter((field) => !ownFields.has(field.name)).map(({ bytes }) => bytes)),
    session: parseSession(lsid),
    number: txnNumber === undefined ? undefined : String(txnNumber),
    transaction: parseTransaction(request),
  }
}
