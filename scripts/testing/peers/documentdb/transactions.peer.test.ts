import { expect, test } from 'bun:test'
import { type ClientSession, type Document, Long } from 'mongodb'
import { newSession, patience, refusal, send, usePeer, withPeer } from './peer.fixture.ts'

type Row = Document & { _id: string | number }

withPeer('MongoDB driver against DocumentDB: transactions', () => {
  const { peer, client, db } = usePeer()
  const rows = (name: string) => db().collection<Row>(name)
  const options = {
    readConcern: { level: 'snapshot' },
    writeConcern: { w: 'majority', journal: true },
  } as const

  const inSessions = async (
    count: number,
    work: (...sessions: ClientSession[]) => Promise<void>,
  ): Promise<void> => {
    const sessions = Array.from({ length: count }, () =>
      db().client.startSession({ defaultTransactionOptions: options }),
    )
    try {
      await work(...sessions)
    } finally {
      await Promise.all(sessions.map((session) => session.endSession()))
    }
  }

  test('a commit makes all of it visible at once, an abort nothing', () =>
    inSessions(1, async (session) => {
      if (session === undefined) return
      await rows('both').insertOne({ _id: 0, n: 0 })
      session.startTransaction()
      await rows('both').insertOne({ _id: 1 }, { session })
      await rows('both').updateOne({ _id: 0 }, { $inc: { n: 1 } }, { session })
      expect([
        await rows('both').countDocuments({}, { session }),
        await rows('both').countDocuments(),
      ]).toEqual([2, 1])
      await session.abortTransaction()
      expect(await rows('both').find().toArray()).toEqual([{ _id: 0, n: 0 }])
      await session.withTransaction(async () => {
        await rows('both').insertOne({ _id: 1 }, { session })
        await rows('both').updateOne({ _id: 0 }, { $inc: { n: 1 } }, { session })
      })
      expect(await rows('both').find().sort({ _id: 1 }).toArray()).toEqual([{ _id: 0, n: 1 }, { _id: 1 }])
    }))

  test('a transaction sees the state of its beginning, in cursors of many pages too', () =>
    inSessions(1, async (session) => {
      if (session === undefined) return
      await rows('pages').insertMany(Array.from({ length: 250 }, (_, _id) => ({ _id })))
      session.startTransaction()
      const cursor = rows('pages').find({}, { session, batchSize: 20 }).sort({ _id: 1 })
      expect((await cursor.next())?._id).toBe(0)
      await rows('pages').insertOne({ _id: 'later' })
      expect((await cursor.toArray()).length).toBe(249)
      expect(await rows('pages').countDocuments({}, { session })).toBe(250)
      await session.commitTransaction()
    }))

  test('who writes what another transaction has written gets 112 and the label to begin again', () =>
    inSessions(2, async (first, second) => {
      if (first === undefined || second === undefined) return
      await rows('met').insertMany([{ _id: 1, n: 0 }, { _id: 2 }])
      first.startTransaction()
      second.startTransaction()
      await rows('met').findOne({ _id: 2 }, { session: second })
      await rows('met').updateOne({ _id: 1 }, { $inc: { n: 1 } }, { session: first })
      const conflict = { code: 112, codeName: 'WriteConflict', errorLabels: ['TransientTransactionError'] }
      const attempt = rows('met').updateOne({ _id: 1 }, { $inc: { n: 1 } }, { session: second })
      expect(await refusal(attempt)).toMatchObject(conflict)
      const gone = { code: 251, codeName: 'NoSuchTransaction', errorLabels: ['TransientTransactionError'] }
      expect(await refusal(rows('met').findOne({}, { session: second }))).toMatchObject(gone)
      await second.abortTransaction()
      second.startTransaction()
      await rows('met').findOne({ _id: 2 }, { session: second })
      await first.commitTransaction()
      const after = rows('met').findOneAndUpdate({ _id: 1 }, { $inc: { n: 1 } }, { session: second })
      expect(await refusal(after)).toMatchObject(conflict)
      await second.abortTransaction()
      expect((await rows('met').findOne({ _id: 1 }))?.['n']).toBe(1)
    }))

  test('forty that add to one number at once lose nothing', async () => {
    await rows('sum').insertOne({ _id: 1, n: 0 })
    const add = () =>
      inSessions(1, async (session) => {
        await session?.withTransaction(async () => {
          const seen = await rows('sum').findOne({ _id: 1 }, { session })
          await rows('sum').updateOne({ _id: 1 }, { $set: { n: Number(seen?.['n']) + 1 } }, { session })
        })
      })
    await Promise.all(Array.from({ length: 40 }, add))
    expect((await rows('sum').findOne({ _id: 1 }))?.['n']).toBe(40)
  })

  test('a hundred that are open at once are served, those beyond what the engine holds after a wait', async () => {
    const put = (_id: number) =>
      inSessions(1, async (session) => {
        await session?.withTransaction(async () => {
          await rows('many').insertOne({ _id }, { session })
          await rows('many').insertOne({ _id: `second ${_id}` }, { session })
        })
      })
    await Promise.all(Array.from({ length: 100 }, (_, index) => put(index)))
    expect(await rows('many').countDocuments()).toBe(200)
  })

  test('an error ends the transaction: a duplicate in it leaves nothing behind', () =>
    inSessions(1, async (session) => {
      if (session === undefined) return
      await rows('half').insertOne({ _id: 1 })
      session.startTransaction()
      await rows('half').insertOne({ _id: 2 }, { session })
      expect(await refusal(rows('half').insertOne({ _id: 1 }, { session }))).toMatchObject({ code: 11000 })
      expect(await refusal(session.commitTransaction())).toMatchObject({ code: 251 })
      expect(await rows('half').countDocuments()).toBe(1)
    }))

  test('what waits for a transaction to end goes on when its client is gone', async () => {
    await rows('left').insertOne({ _id: 1, n: 0 })
    const other = client()
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
    'a retryable write that comes twice is done once, with several statements too, and after a restart',
    async () => {
      const lsid = newSession()
      const once = (command: object, number: number) =>
        send(peer().port, { ...command, lsid, txnNumber: Long.fromNumber(number) })
      const insert = {
        insert: 'once',
        documents: [
          { _id: 1, n: 0 },
          { _id: 2, n: 0 },
        ],
      }
      expect([await once(insert, 1), await once(insert, 1)]).toEqual([
        { n: 2, ok: 1 },
        { n: 2, ok: 1 },
      ])
      const update = { update: 'once', updates: [1, 2].map((_id) => ({ q: { _id }, u: { $inc: { n: 1 } } })) }
      const answers = [await once(update, 2), await once(update, 2)]
      await peer().kill()
      await peer().start()
      answers.push(await once(update, 2))
      expect(answers.map(({ nModified }) => nModified)).toEqual([2, 2, 2])
      expect(await rows('once').find().sort({ _id: 1 }).toArray()).toEqual([
        { _id: 1, n: 1 },
        { _id: 2, n: 1 },
      ])
      expect(await once(insert, 1)).toMatchObject({ ok: 0, code: 225 })
    },
    patience,
  )

  test(
    'a commit that is asked for again, after a restart too, is a commit; of an unknown one it is 251',
    async () => {
      const place = { lsid: newSession(), txnNumber: Long.fromNumber(1), autocommit: false }
      const commit = () => send(peer().port, { commitTransaction: 1, ...place }, 'admin')
      await send(peer().port, {
        insert: 'asked',
        documents: [{ _id: 1 }],
        ...place,
        startTransaction: true,
      }).then((answer) => expect(answer).toEqual({ n: 1, ok: 1 }))
      expect(await commit()).toMatchObject({ code: 251 }) // its connection is gone, and so is the transaction
      const kept = db().client.startSession()
      await kept.withTransaction(async () => {
        await rows('asked').insertOne({ _id: 2 }, { session: kept })
      })
      const number = Long.fromNumber(kept.serverSession.txnNumber)
      const known = { lsid: kept.id, txnNumber: number, autocommit: false }
      await peer().kill()
      await peer().start()
      expect(await send(peer().port, { commitTransaction: 1, ...known }, 'admin')).toEqual({ ok: 1 })
      expect(await rows('asked').find().toArray()).toEqual([{ _id: 2 }])
      await kept.endSession()
    },
    patience,
  )
})

withPeer('MongoDB driver against DocumentDB: a standalone and an old server', () => {
  const alone = usePeer({ pose: 'standalone' })
  const old = usePeer({ pose: 'old' })

  test('a standalone refuses transactions and retryable writes with 20, and takes plain ones', async () => {
    const client = alone.client()
    const plain = alone.client({ retryWrites: false })
    expect(alone.peer().url).not.toContain('replicaSet')
    const hello = await client.db('admin').command({ hello: 1 })
    expect([hello['setName'], hello['isWritablePrimary']]).toEqual([undefined, true])
    const refused = {
      code: 20,
      message: 'Transaction numbers are only allowed on a replica set member or mongos',
    }
    const number = { lsid: newSession(), txnNumber: Long.fromNumber(1) }
    const answer = await send(alone.peer().port, { insert: 'x', documents: [{ _id: 1 }], ...number })
    expect(answer).toMatchObject({ ok: 0, code: 20, errmsg: refused.message })
    const session = plain.startSession()
    session.startTransaction()
    expect(await refusal(plain.db().collection('x').findOne({}, { session }))).toMatchObject(refused)
    await session.abortTransaction()
    await session.endSession()
    await plain.db().collection<Row>('x').insertOne({ _id: 1 })
    expect(await plain.db().collection('x').countDocuments()).toBe(1)
  })

  test('an old one says so', async () => {
    const hello = await old.client().db('admin').command({ hello: 1 })
    expect([hello['maxWireVersion'], hello['setName']]).toEqual([17, 'rs0'])
    expect(await old.client().db().admin().buildInfo()).toMatchObject({ version: '6.0.0' })
  })
})
