import { existsSync, readFileSync } from 'node:fs'
import { createConnection, createServer, type Socket } from 'node:net'
import { replaceFile } from '../../../platform/files.ts'
import { callOf } from '../documentdb/call.ts'
import { type Doc, encode } from '../documentdb/document.ts'
import { messageCutter, readMessage, writeReply } from '../documentdb/wire.ts'

/** The host:port under which the set was initiated; undefined before that. Kept in a file. */
export type Membership = {
  readonly host: () => string | undefined
  readonly initiate: (host: string) => void
}

export const openMembership = (path: string): Membership => {
  let host = existsSync(path) ? readFileSync(path, 'utf8') : undefined
  return {
    host: () => host,
    initiate: (wanted) => {
      replaceFile(path, wanted, { durable: true })
      host = wanted
    },
  }
}

/** What a mongod says that was started with --replSet and not initiated (seen in MongoDB's manual, "hello"). */
const uninitiated: Doc = {
  isWritablePrimary: false,
  ismaster: false,
  secondary: false,
  isreplicaset: true,
  info: 'Does not have a valid replica set config',
  helloOk: true,
  maxBsonObjectSize: 16_777_216,
  maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000,
  logicalSessionTimeoutMinutes: 30,
  minWireVersion: 0,
  maxWireVersion: 21,
  readOnly: false,
  ok: 1,
}

const hostIn = (request: Doc): string | undefined => {
  const config = request['replSetInitiate'] as
    | { readonly members?: readonly { readonly host?: unknown }[] }
    | undefined
  const host = config?.members?.[0]?.host
  return typeof host === 'string' ? host : undefined
}

/** What the gate itself answers until the set is initiated; undefined goes to the front. */
const answerOf = (bytes: Buffer, membership: Membership): Doc | undefined => {
  if (membership.host() !== undefined) return undefined
  const { name, request } = callOf(readMessage(bytes).body)
  if (name === 'hello' || name === 'isMaster') return uninitiated
  const host = name === 'replSetInitiate' ? hostIn(request) : undefined
  if (host === undefined) return undefined
  membership.initiate(host)
  return { ok: 1 }
}

const serve = (client: Socket, front: Socket, membership: Membership): void => {
  const cut = messageCutter()
  let answers = 0
  for (const [one, other] of [
    [client, front],
    [front, client],
  ] as const) {
    one.setNoDelay(true)
    one.on('error', () => other.destroy())
    one.on('close', () => other.destroy())
  }
  front.pipe(client)
  client.on('data', (piece: Buffer) => {
    try {
      for (const bytes of cut(piece)) {
        const answer = answerOf(bytes, membership)
        if (answer === undefined) front.write(bytes)
        else client.write(writeReply(++answers, readMessage(bytes), encode(answer)))
      }
    } catch {
      client.destroy() // not this protocol
    }
  })
}

/**
 * Stands before the front on every address and plays the replica set that is not initiated yet; from then on
 * it only passes bytes.
 */
export const openGate = async (
  membership: Membership,
  { port, front }: { readonly port: number; readonly front: number },
): Promise<{ readonly close: () => void }> => {
  const server = createServer((client) => serve(client, createConnection(front, '127.0.0.1'), membership))
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(port, '0.0.0.0', resolve)
  await promise
  return { close: () => void server.close() }
}
