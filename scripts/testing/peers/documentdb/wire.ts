import { buildArray, buildDocument, parseFields } from './document.ts'

/**
 * Messages of the MongoDB wire protocol (OP_MSG, and the OP_QUERY that a first hello may come in), as the MongoDB
 * manual has them. Pure.
 */

const OP_REPLY = 1
const OP_QUERY = 2004
const OP_MSG = 2013
const HEADER = 16
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
  let size = 0
  return (piece) => {
    pieces.push(piece)
    size += piece.length
    const messages: Buffer[] = []
    while (size >= 4) {
      if ((pieces[0]?.length ?? 0) < 4) pieces = [Buffer.concat(pieces)]
      const length = pieces[0]?.readInt32LE(0) ?? 0
      if (length < HEADER || length > maxMessageBytes) throw new WireError(`a message of ${length} bytes`)
      if (size < length) break
      const whole = Buffer.concat(pieces)
      messages.push(whole.subarray(0, length))
      pieces = [whole.subarray(length)]
      size -= length
    }
    return messages
  }
}

const parseMsg = (id: number, message: Buffer): Message => {
  let body: Uint8Array | undefined
  const arrays: Buffer[] = []
  for (let at = HEADER + 4; at < message.length; ) {
    const kind = message[at]
    const length = message.readInt32LE(at + 1)
    const bytes = message.subarray(at + 1, at + 1 + length)
    if (length < 5 || bytes.length < length) throw new WireError('a section that does not end')
    if (kind === 0) body = bytes
    else if (kind === 1) {
      const end = bytes.indexOf(0, 4)
      arrays.push(buildArray(bytes.toString('utf8', 4, end), bytes.subarray(end + 1)))
    } else throw new WireError(`a section of the unknown kind ${kind}`)
    at += 1 + length
  }
  if (body === undefined) throw new WireError('a message without a body')
  return {
    id,
    kind: 'msg',
    body: arrays.length === 0 ? body : buildDocument([...parseFields(body).map(({ bytes }) => bytes), ...arrays]),
    answered: (message.readUInt32LE(HEADER) & MORE_TO_COME) === 0,
  }
}

/** flags, name of the collection, skip, limit, then the command as a query. */
const parseQuery = (id: number, message: Buffer): Message => {
  const from = message.indexOf(0, HEADER + 4) + 1 + 8
  return { id, kind: 'query', body: message.subarray(from, from + message.readInt32LE(from)), answered: true }
}

/** Reads a message that `messageCutter` cut out. Throws WireError, or RangeError and BSONError for a damaged document. */
export const parseMessage = (message: Buffer): Message => {
  const id = message.readInt32LE(4)
  const code = message.readInt32LE(12)
  if (code === OP_MSG) return parseMsg(id, message)
  if (code === OP_QUERY) return parseQuery(id, message)
  throw new WireError(`a message of the unknown kind ${code}`)
}

const build = (ids: readonly [id: number, to: number], code: number, parts: readonly Uint8Array[]): Buffer => {
  const message = Buffer.concat([Buffer.alloc(HEADER), ...parts])
  for (const [at, word] of [message.length, ...ids, code].entries()) message.writeInt32LE(word, 4 * at)
  return message
}

/** The answer to a message, in the form it asked for. `id` is the answer's own. */
export const buildReply = (id: number, to: Pick<Message, 'id' | 'kind'>, document: Uint8Array): Buffer => {
  if (to.kind === 'msg') return build([id, to.id], OP_MSG, [Buffer.alloc(5), document]) // flags, kind of section
  const before = Buffer.alloc(20) // flags, cursor, from, count
  before.writeInt32LE(1, 16)
  return build([id, to.id], OP_REPLY, [before, document])
}

/** A command as a client sends it: for tests. */
export const buildCommand = (id: number, document: Uint8Array, ...sections: readonly Uint8Array[]): Buffer =>
  build([id, 0], OP_MSG, [Buffer.alloc(5), document, ...sections])
