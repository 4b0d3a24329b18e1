import { afterAll, beforeAll, describe } from 'bun:test'
import { mkdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Db, MongoClient, type MongoClientOptions, UUID } from 'mongodb'
import { type Doc, decode, encode } from './document.ts'
import { type DocumentDb, type DocumentDbOptions, documentDbRoot, startDocumentDb } from './documentdb.ts'
import { writeCommand } from './wire.ts'

/** What the suites of the peer share. All of them are the MongoDB driver against DocumentDB, never against MongoDB. */

const found = await documentDbRoot()
if ('absent' in found) console.log(`NOT RUN: DocumentDB peer: ${found.absent}`)

/** `describe` where this machine can have the peer; elsewhere its tests count as skipped. */
export const withPeer: typeof describe = 'absent' in found ? describe.skip : describe

export const chroot = 'root' in found ? found.root : ''

/** Longest time for a test that starts one, ms: only a hang is ended by it. */
export const patience = 120_000

const newPath = (): string => join(tmpdir(), `lucid-documentdb-${crypto.randomUUID()}`)
const remove = (path: string): void => rmSync(path, { recursive: true, force: true })

/** A folder that is there while the tests of a group run. */
export const temporaryFolder = (): string => {
  const folder = newPath()
  beforeAll(() => void mkdirSync(folder, { mode: 0o700 }))
  afterAll(() => remove(folder))
  return folder
}

/** One peer for all tests of a group, and clients that are closed after it. */
export const usePeer = (options: Omit<DocumentDbOptions, 'folder'> = {}) => {
  const folder = newPath()
  const clients: MongoClient[] = []
  let peer: DocumentDb | undefined
  beforeAll(async () => {
    peer = await startDocumentDb({ folder, ...options })
  }, patience)
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()))
    await peer?.stop()
    remove(folder)
  }, patience)
  const now = (): DocumentDb => {
    if (peer === undefined) throw new Error('the peer did not start')
    return peer
  }
  const client = (more: MongoClientOptions = {}): MongoClient => {
    const made = new MongoClient(now().url, { serverSelectionTimeoutMS: 30_000, ...more })
    clients.push(made)
    return made
  }
  let shared: MongoClient | undefined
  const db = (): Db => {
    shared ??= client()
    return shared.db()
  }
  return { peer: now, client, db, folder }
}

/** What a promise was refused with, as far as it can be compared. */
export const refusal = async (promise: Promise<unknown>): Promise<Doc> => {
  try {
    const result = await promise
    return { resolved: result }
  } catch (error) {
    const { name, message, code, codeName, errorLabels } = error as Doc
    return { name, message, code, codeName, errorLabels }
  }
}

/** The id of a session of one's own. */
export const newSession = (): Doc => ({ id: new UUID() })

/** Sends one command on a connection of its own, with no driver between, so that it can be sent twice. */
export const send = (port: number, command: Doc, db = 'lucid'): Promise<Doc> =>
  new Promise((resolve, reject) => {
    let got: Buffer = Buffer.alloc(0)
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(writeCommand(1, encode({ ...command, $db: db }))),
    )
    socket.on('error', reject)
    socket.on('data', (piece: Buffer) => {
      got = Buffer.concat([got, piece])
      if (got.length < 4 || got.length < got.readInt32LE(0)) return
      resolve(decode(got.subarray(21)))
      socket.end()
    })
  })

/** A certificate for 127.0.0.1 that is its own authority, by the chroot's openssl. */
export const newCertificate = (): { readonly cert: string; readonly key: string } => {
  const made = Bun.spawnSync([
    'chroot',
    chroot,
    ...'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -batch'.split(' '),
    ...'-subj /CN=lucid-test -addext subjectAltName=IP:127.0.0.1 -keyout - -out -'.split(' '),
  ])
  const text = made.stdout.toString()
  const block = (kind: string): string =>
    new RegExp(`-----BEGIN ${kind}-----[^-]+-----END ${kind}-----\n`).exec(text)?.[0] ?? ''
  const pair = { cert: block('CERTIFICATE'), key: block('PRIVATE KEY') }
  if (pair.cert === '' || pair.key === '') throw new Error(`openssl: ${made.stderr.toString()}`)
  return pair
}
