import { arrayElement, documentOf, documentsIn, fieldsOf } from './document.ts'

/**
 * Messages of the MongoDB wire protocol (OP_MSG, and the OP_QUERY that a first hello may come in), as the
 * MongoDB manual has them. Pure.
 */

const OP_REPLY = 1
const OP_QUERY = 2004
const OP_MSG = 2013
const HEADER = 16
const CHECKSUM = 1
const MORE_TO_COME = 2

/** Longest message that is taken, bytes: what hello promises. */
export const maxMessageBytes = 48_000_000

/** A command. `kind` decides the form of its answer. */
export type Message = {
  readonly id: number
  readonly kind: 'msg' | 'query'
  /** The command as one document; documents that came in sections of their own are in it, as the array they stand for. */
  readonly body: Uint8Array
  /** Whether an answer is expected. */
  readonly answered: boolean
}

/** Thrown for what is no such message; the connection is of no more use. */
export class WireError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'WireError'
  }
}

/** Cuts a stream of bytes into messages, whatever pieces it comes in. */
export const messageCutter = (): ((piece: Buffer) => readonly Buffer[]) => {
  let pieces: Buffer[] = []
  let held = 0
  return (piece) => {
    pieces.push(piece)
    held += piece.length
    const messages: Buffer[] = []
    while (held >= 4) {
      let whole = pieces[0] ?? Buffer.alloc(0)
      if (whole.length < 4) {
        whole = Buffer.concat(pieces)
        pieces = [whole]
      }
      const length = whole.readInt32LE(0)
      if (length < HEADER || length > maxMessageBytes) throw new WireError(`a message of ${length} bytes`)
      if (held < length) break
      whole = Buffer.concat(pieces)
      messages.push(whole.subarray(0, length))
      pieces = [whole.subarray(length)]
      held -= length
    }
    return messages
  }
}

const withSections = (body: Uint8Array, sections: readonly Buffer[]): Uint8Array =>
  sections.length === 0 ? body : documentOf([...fieldsOf(body).map(({ bytes }) => bytes), ...sections])

const section = (bytes: Buffer): Buffer => {
  const end = bytes.indexOf(0)
  return arrayElement(bytes.toString('utf8', 0, end), documentsIn(bytes.subarray(end + 1)))
}

const readMsg = (id: number, message: Buffer): Message => {
  const flags = message.readUInt32LE(HEADER)
  const end = flags & CHECKSUM ? message.length - 4 : message.length
  let body: Uint8Array | undefined
  const sections: Buffer[] = []
  for (let at = HEADER + 4; at < end; ) {
    const kind = message[at]
    const length = message.readInt32LE(at + 1)
    const bytes = message.subarray(at + 1, at + 1 + length)
    if (length < 5 || at + 1 + length > end) throw new WireError('a section that does not end')
    if (kind === 0) body = bytes
    else if (kind === 1) sections.push(section(bytes.subarray(4)))
    else throw new WireError(`a section of the unknown kind ${kind}`)
    at += 1 + length
  }
  if (body === undefined) throw new WireError('a message without a body')
  return { id, kind: 'msg', body: withSections(body, sections), answered: (flags & MORE_TO_COME) === 0 }
}

/** flags, name of the collection, skip, limit, then the command as a query. */
const readQuery = (id: number, message: Buffer): Message => {
  const from = message.indexOf(0, HEADER + 4) + 1 + 8
  return { id, kind: 'query', body: message.subarray(from, from + message.readInt32LE(from)), answered: true }
}

/** Reads a message that `messageCutter` cut out. Throws WireError, or RangeError for a damaged document. */
export const readMessage = (message: Buffer): Message => {
  const id = message.readInt32LE(4)
  const code = message.readInt32LE(12)
  if (code === OP_MSG) return readMsg(id, message)
  if (code === OP_QUERY) return readQuery(id, message)
  throw new WireError(`a message of the unknown kind ${code}`)
}

const header = (length: number, id: number, to: number, code: number): Buffer => {
  const bytes = Buffer.alloc(HEADER)
  bytes.writeInt32LE(length, 0)
  bytes.writeInt32LE(id, 4)
  bytes.writeInt32LE(to, 8)
  bytes.writeInt32LE(code, 12)
  return bytes
}

/** The answer to a message, in the form it asked for. `id` is the answer's own. */
export const writeReply = (id: number, to: Pick<Message, 'id' | 'kind'>, document: Uint8Array): Buffer => {
  const between = Buffer.alloc(to.kind === 'msg' ? 5 : 20) // flags and kind of section; or flags, cursor, from, count
  if (to.kind === 'query') between.writeInt32LE(1, 16)
  const length = HEADER + between.length + document.length
  return Buffer.concat(
    [header(length, id, to.id, to.kind === 'msg' ? OP_MSG : OP_REPLY), between, document],
    length,
  )
}

/** A command as a client sends it: for tests. */
export const writeCommand = (
  id: number,
  document: Uint8Array,
  sections: Readonly<Record<string, Uint8Array>> = {},
): Buffer => {
  const parts: Buffer[] = [Buffer.alloc(5), Buffer.from(document)]
  for (const [name, documents] of Object.entries(sections)) {
    const head = Buffer.alloc(5)
    head[0] = 1
    head.writeInt32LE(4 + Buffer.byteLength(name) + 1 + documents.length, 1)
    parts.push(head, Buffer.from(`${name}\0`), Buffer.from(documents))
  }
  const length = parts.reduce((sum, part) => sum + part.length, HEADER)
  return Buffer.concat([header(length, id, 0, OP_MSG), ...parts], length)
}
