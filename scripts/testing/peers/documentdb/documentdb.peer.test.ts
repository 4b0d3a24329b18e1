import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ClientSession, type Document, Long, MongoClient, type MongoClientOptions, UUID } from 'mongodb'
import '#common/store/mongo-closing'
import { killStarter } from '../crash.fixture.ts'
import { type Doc, decode, encode } from './document.ts'
import { documentDbRoot, startDocumentDb } from './documentdb.ts'
import { buildCommand } from './wire.ts'

/**
 * What the suites of the store and of durability rely on and would not notice if it were missing: then they would
 * show less than they say. The official driver against DocumentDB, never against MongoDB.
 */

// Only a hang is ended by it.
const HANG = 300_000

const root = await documentDbRoot()
if ('absent' in root) console.log(`NOT RUN: DocumentDB for tests: ${root.absent}`)

type Row = Document & { _id: string | number }

describe.skipIf('absent' in root)('MongoDB driver against DocumentDB', async () => {
  if ('absent' in root) {
    test.skip(root.absent, () => {})
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'lucid-documentdb-'))
  const server = await startDocumentDb({ folder: join(folder, 'server') })
  const clients: MongoClient[] = []
  const open = (options: MongoClientOptions = {}): MongoClient => {
    const client = new MongoClient(server.url, {
      writeConcern: { w: 'majority', journal: true },
      serverSelectionTimeoutMS: 60_000,
      ...options,
    })
    clients.push(client)
    return client
  }
  const client = open()
  const rows = (name: string) => client.db().collection<Row>(name)
  afterAll(async () => {
    await Promise.all(clients.map((one) => one.close()))
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }, HANG)

  const inSessions = async (count: number, work: (...all: ClientSession[]) => Promise<void>) => {
    const sessions = Array.from({ length: count }, () =>
      client.startSession({ defaultTransactionOptions: { readConcern: { level: 'snapshot' } } }),
    )
    await work(...sessions).finally(() => Promise.all(sessions.map((session) => session.endSession())))
  }

  /** Sends one command on a connection of its own, with no driver between, so that it can be sent twice. */
  const send = (command: Doc, db = 'lucid'): Promise<Doc> =>
    new Promise((resolve, reject) => {
      let got: Buffer = Buffer.alloc(0)
      const socket = connect(server.port, '127.0.0.1', () =>
        socket.write(buildCommand(1, encode({ ...command, $db: db }))),
      )
      socket.on('error', reject)
      socket.on('data', (piece: Buffer) => {
        got = Buffer.concat([got, piece])
        if (got.length < 4 || got.length < got.readInt32LE(0)) return
        resolve(decode(got.subarray(21)))
        socket.end()
      })
    })

  const restart = async (): Promise<void> => {
    await server.kill()
    await server.start()
  }

  test('says that it is not MongoDB, and refuses a command that the product does not use', async () => {
    expect(await client.db().admin().buildInfo()).toMatchObject({ storageEngines: ['documentdb'] })
    await expect(client.db().command({ serverStatus: 1 })).rejects.toMatchObject({ code: 59 })
  })

  test('a transaction sees the state of its beginning, page by page, and an abort leaves nothing', () =>
    inSessions(1, async (session) => {
      if (session === undefined) return
      await rows('pages').insertMany(Array.from({ length: 250 }, (_, _id) => ({ _id })))
      session.startTransaction()
      const cursor = rows('pages').find({}, { session, batchSize: 20 }).sort({ _id: 1 })
      expect((await cursor.next())?._id).toBe(0)
      await rows('pages').insertOne({ _id: 'later' })
      expect((await cursor.toArray()).length).toBe(249)
      await rows('pages').insertOne({ _id: 'mine' }, { session })
      const counts = [await rows('pages').countDocuments({}, { session }), await rows('pages').countDocuments()]
      expect(counts).toEqual([251, 251])
      await session.abortTransaction()
      expect(await rows('pages').findOne({ _id: 'mine' })).toBeNull()
    }))

  test('who writes what another transaction has written is told to begin again', () =>
    inSessions(2, async (first, second) => {
      if (first === undefined || second === undefined) return
      const label = { errorLabels: ['TransientTransactionError'] }
      await rows('met').insertMany([{ _id: 1, n: 0 }, { _id: 2 }])
      const add = (session: ClientSession) => rows('met').findOneAndUpdate({ _id: 1 }, { $inc: { n: 1 } }, { session })
      first.startTransaction()
      second.startTransaction()
      await rows('met').findOne({ _id: 2 }, { session: second })
      await add(first)
      await expect(add(second)).rejects.toMatchObject({ code: 112, ...label })
      await expect(add(second)).rejects.toMatchObject({ code: 251, ...label })
      await second.abortTransaction()
      second.startTransaction()
      await rows('met').findOne({ _id: 2 }, { session: second })
      await first.commitTransaction()
      await expect(add(second)).rejects.toMatchObject({ code: 112, ...label })
      await second.abortTransaction()
      expect((await rows('met').findOne({ _id: 1 }))?.['n']).toBe(1)
    }))

  test('an error in a transaction ends it: a duplicate leaves nothing of it behind', () =>
    inSessions(1, async (session) => {
      if (session === undefined) return
      await rows('half').insertOne({ _id: 1 })
      session.startTransaction()
      await rows('half').insertOne({ _id: 2 }, { session })
      await expect(rows('half').insertOne({ _id: 1 }, { session })).rejects.toMatchObject({ code: 11000 })
      await expect(session.commitTransaction()).rejects.toMatchObject({ code: 251 })
      expect(await rows('half').countDocuments()).toBe(1)
    }))

  test('a hundred transactions at once are served, those beyond what the engine holds after a wait', async () => {
    const put = (_id: number) =>
      inSessions(1, async (session) => {
        await session?.withTransaction(() => rows('many').insertOne({ _id }, { session }))
      })
    await Promise.all(Array.from({ length: 100 }, (_, _id) => put(_id)))
    expect(await rows('many').countDocuments()).toBe(100)
  })

  test('what waits for a transaction goes on when the client of that is gone', async () => {
    await rows('left').insertOne({ _id: 1, n: 0 })
    const other = open()
    const session = other.startSession()
    session.startTransaction()
    await other
      .db()
      .collection<Row>('left')
      .updateOne({ _id: 1 }, { $inc: { n: 10 } }, { session })
    const waiting = rows('left').updateOne({ _id: 1 }, { $inc: { n: 1 } })
    await other.close(true)
    await waiting
    expect((await rows('left').findOne({ _id: 1 }))?.['n']).toBe(1)
  })

  test(
    'a retryable write that comes twice is done once, with several statements and after a kill too',
    async () => {
      const lsid = { id: new UUID() }
      const once = (command: object, number: number) => send({ ...command, lsid, txnNumber: Long.fromNumber(number) })
      const documents = [1, 2].map((_id) => ({ _id, n: 0 }))
      const insert = { insert: 'once', documents }
      expect([await once(insert, 1), await once(insert, 1)]).toEqual([
        { n: 2, ok: 1 },
        { n: 2, ok: 1 },
      ])
      const update = { update: 'once', updates: [1, 2].map((_id) => ({ q: { _id }, u: { $inc: { n: 1 } } })) }
      const answers = [await once(update, 2), await once(update, 2)]
      await restart()
      answers.push(await once(update, 2))
      expect(answers.map(({ nModified }) => nModified)).toEqual([2, 2, 2])
      expect(await rows('once').find().sort({ _id: 1 }).toArray()).toEqual(documents.map(({ _id }) => ({ _id, n: 1 })))
    },
    HANG,
  )

  test(
    'a commit that is asked for again after a kill is a commit; of a transaction that is gone it is 251',
    async () => {
      const place = { lsid: { id: new UUID() }, txnNumber: Long.fromNumber(1), autocommit: false }
      await send({ insert: 'asked', documents: [{ _id: 1 }], ...place, startTransaction: true })
      // Its connection is gone, and so is the transaction.
      expect(await send({ commitTransaction: 1, ...place }, 'admin')).toMatchObject({ code: 251 })
      await inSessions(1, async (session) => {
        if (session === undefined) return
        await session.withTransaction(() => rows('asked').insertOne({ _id: 2 }, { session }))
        const number = Long.fromNumber(session.serverSession.txnNumber)
        const committed = { lsid: session.id, txnNumber: number, autocommit: false }
        await restart()
        expect(await send({ commitTransaction: 1, ...committed }, 'admin')).toEqual({ ok: 1 })
      })
      expect(await rows('asked').find().toArray()).toEqual([{ _id: 2 }])
    },
    HANG,
  )

  test(
    'kills in the middle of writes lose nothing that was acknowledged, and the driver comes back by itself',
    async () => {
      const acknowledged: number[] = []
      const failed: unknown[] = []
      let next = 0
      let going = true
      const write = async (): Promise<void> => {
        while (going) {
          const _id = next++
          await rows('kept')
            .insertOne({ _id })
            .then(
              () => acknowledged.push(_id),
              (error: unknown) => failed.push(error),
            )
        }
      }
      const writers = Array.from({ length: 8 }, write)
      const untilMore = async () => {
        const before = acknowledged.length
        while (acknowledged.length < before + 100) await Bun.sleep(5)
      }
      for (let kill = 0; kill < 3; kill++) {
        await untilMore()
        await server.kill()
        expect(server.pids()).toEqual([])
        await server.start()
      }
      await untilMore()
      going = false
      await Promise.all(writers)
      const stored = new Set((await rows('kept').find().toArray()).map(({ _id }) => _id))
      expect(acknowledged.filter((_id) => !stored.has(_id))).toEqual([])
      // A retryable write is done once: what failed for the client may be there, but never a duplicate of it.
      expect(failed.filter((error) => (error as { code?: unknown }).code === 11000)).toEqual([])
    },
    HANG,
  )

  test(
    'nothing that runs or is mounted is left when the process that started one is killed',
    async () => {
      const place = join(folder, 'crashed')
      const { started, left } = await killStarter('documentdb', place)
      expect(started.length).toBeGreaterThan(3)
      expect(left).toEqual([])
      expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(place)
    },
    HANG,
  )
})
