import { expect, test } from 'bun:test'
import { type Document, Long } from 'mongodb'
import { refusal, usePeer, withPeer } from './peer.fixture.ts'

type Row = Document & { _id: string | number }

withPeer('MongoDB driver against DocumentDB: documents', () => {
  const { db } = usePeer()
  const rows = (name: string) => db().collection<Row>(name)

  test('what was inserted is found by equality, list and range, in order and by page', async () => {
    const chunks = rows('session-encryptor.chunks')
    await chunks.insertMany(
      Array.from({ length: 300 }, (_, index) => ({ _id: index, session: index % 3, at: 300 - index })),
    )
    await chunks.createIndex({ session: 1, at: 1 })
    const page = chunks
      .find({ session: 2, at: { $gt: 100, $lte: 200 } })
      .sort({ at: 1 })
      .skip(5)
      .limit(3)
    expect((await page.toArray()).map(({ at }) => at)).toEqual([118, 121, 124])
    const listed = chunks
      .find({ session: { $in: [0, 1] } })
      .sort({ at: -1 })
      .limit(3)
    expect((await listed.toArray()).map(({ at }) => at)).toEqual([300, 299, 297])
    expect(await chunks.find({ session: { $in: [] } }).toArray()).toEqual([])
    expect((await chunks.find().sort({ at: 1 }).batchSize(7).toArray()).length).toBe(300)
  })

  test('text is ordered by its bytes, with and without an index', async () => {
    const texts = ['b', 'B', 'ä', '', 'a\u0001', 'a\0b', 'a', '10', '9', '\uffff', '\u{1f600}']
    const byBytes = texts.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    const order = rows('order')
    await order.insertMany(texts.map((text, _id) => ({ _id, text })))
    const read = async () => (await order.find().sort({ text: 1 }).toArray()).map(({ text }) => text)
    expect(await read()).toEqual(byBytes)
    await order.createIndex({ text: 1 })
    expect(await read()).toEqual(byBytes)
    expect(
      (
        await order
          .find({ text: { $gte: 'a', $lt: 'a\u0001' } })
          .sort({ text: 1 })
          .toArray()
      ).length,
    ).toBe(2)
  })

  test('null and missing come first, match null, and differ by $exists', async () => {
    const nulls = rows('nulls')
    await nulls.insertMany([{ _id: 1, a: 1 }, { _id: 2, a: null }, { _id: 3 }, { _id: 4, a: 'x' }])
    const ids = async (filter: object) =>
      (await nulls.find(filter).sort({ a: 1, _id: 1 }).toArray()).map(({ _id }) => _id)
    expect([await ids({}), await ids({ a: null }), await ids({ a: { $exists: false } })]).toEqual([
      [2, 3, 1, 4],
      [2, 3],
      [3],
    ])
  })

  test('a document of a mebibyte, a text with a zero and a large integer come back as they were', async () => {
    const bytes = crypto.getRandomValues(Buffer.alloc(65_536))
    const whole = Buffer.concat(Array.from({ length: 16 }, () => bytes))
    const large = rows('large')
    await large.insertOne({
      _id: 'n\0',
      bytes: whole,
      text: 'a\0b',
      long: Long.fromString('9007199254740993'),
    })
    const read = await large.findOne({ text: 'a\0b' }, { promoteLongs: false, promoteBuffers: true })
    expect(read).toEqual({
      _id: 'n\0',
      bytes: whole,
      text: 'a\0b',
      long: Long.fromString('9007199254740993'),
    })
  })

  test('a duplicate is refused with 11000 and says which index and values', async () => {
    const unique = rows('unique')
    await unique.createIndex({ owner: 1, kind: 1 }, { unique: true })
    await unique.insertOne({ _id: 1, owner: 'o', kind: null })
    const error = await unique.insertOne({ _id: 2, owner: 'o' }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 11000,
      message:
        'E11000 duplicate key error collection: lucid.unique index: owner_1_kind_1 dup key: {"owner":"o","kind":null}',
      keyPattern: { owner: 1, kind: 1 },
      keyValue: { owner: 'o', kind: null },
    })
    expect(await refusal(unique.insertOne({ _id: 1 }))).toMatchObject({ code: 11000 })
    const mixed = await unique
      .insertMany([{ _id: 3, owner: 'p' }, { _id: 1 }, { _id: 4, owner: 'q' }], { ordered: false })
      .catch((thrown: unknown) => thrown)
    expect(mixed).toMatchObject({ code: 11000, result: { insertedCount: 2 } })
  })

  test('a partial unique index minds only what its filter takes, and an update into it is refused', async () => {
    const claims = rows('claims')
    await claims.createIndex({ owner: 1 }, { unique: true, partialFilterExpression: { state: { $gte: 5 } } })
    await claims.insertMany([
      { _id: 1, owner: 'o', state: 1 },
      { _id: 2, owner: 'o', state: 1 },
      { _id: 3, owner: 'o', state: 6 },
    ])
    expect(await refusal(claims.updateOne({ _id: 1 }, { $set: { state: 5 } }))).toMatchObject({ code: 11000 })
    expect(await refusal(claims.findOneAndUpdate({ _id: 1 }, { $set: { state: 5 } }))).toMatchObject({
      code: 11000,
    })
    expect(await claims.countDocuments({ state: 1 })).toBe(2)
    const [index] = (await claims.listIndexes().toArray()).filter(({ name }) => name === 'owner_1')
    expect(index).toMatchObject({ unique: true, partialFilterExpression: { state: { $gte: 5 } } })
  })

  test('findOneAndUpdate takes the first of its order, and each document once however many ask', async () => {
    const queue = rows('queue')
    await queue.insertMany(
      Array.from({ length: 60 }, (_, index) => ({ _id: index, state: 'free', at: 60 - index })),
    )
    await queue.createIndex({ state: 1, at: 1 })
    const claim = () =>
      queue.findOneAndUpdate(
        { state: 'free' },
        { $set: { state: 'taken' } },
        { sort: { at: 1 }, returnDocument: 'after' },
      )
    expect(await claim()).toEqual({ _id: 59, state: 'taken', at: 1 })
    const got = await Promise.all(Array.from({ length: 59 }, claim))
    expect(new Set(got.map((one) => one?._id)).size).toBe(59)
    expect(await claim()).toBeNull()
  })

  test('a validator refuses with 121 what does not fit, and can be changed', async () => {
    await db().createCollection('checked', {
      validator: {
        $jsonSchema: { bsonType: 'object', required: ['n'], properties: { n: { bsonType: 'int' } } },
      },
    })
    await rows('checked').insertOne({ _id: 1, n: 1 })
    expect(await refusal(rows('checked').insertOne({ _id: 2 }))).toMatchObject({ code: 121 })
    expect(await refusal(rows('checked').updateOne({ _id: 1 }, { $set: { n: 'x' } }))).toMatchObject({
      code: 121,
    })
    await db().command({ collMod: 'checked', validator: { $jsonSchema: { required: ['m'] } } })
    expect(await refusal(rows('checked').insertOne({ _id: 3, n: 1 }))).toMatchObject({ code: 121 })
    expect(await refusal(db().createCollection('checked'))).toMatchObject({
      code: 48,
      codeName: 'NamespaceExists',
    })
  })

  test('mistakes have the codes of MongoDB', async () => {
    const some = rows('mistakes')
    await some.insertOne({ _id: 1, text: 'x' })
    const codes = await Promise.all(
      [
        some.find({ a: { $what: 1 } }).toArray(),
        some.updateOne({ _id: 1 }, { $what: { a: 1 } }),
        some.updateOne({ _id: 1 }, { $inc: { text: 1 } }),
        some.updateOne({ _id: 1 }, { $set: { _id: 2 } }),
        some.updateOne({ _id: 1 }, { $set: { a: 1, 'a.b': 1 } }),
        some.dropIndex('none'),
        db().collection('none').listIndexes().toArray(),
        db().command({ insert: '$x', documents: [{ a: 1 }] }),
        db().command({ what: 1 }),
        db().command({ insert: 'mistakes', documents: [{ a: 1 }], what: 1 }),
        some.createIndex({ b: 1 }, { name: 'same' }).then(() => some.createIndex({ c: 1 }, { name: 'same' })),
        some
          .insertOne({ _id: 9, half: Buffer.alloc(9e6) })
          .then(() => some.updateOne({ _id: 9 }, { $set: { more: Buffer.alloc(9e6) } })),
        some.watch().next(),
      ].map(async (attempt) => (await refusal(attempt))['code']),
    )
    expect(codes).toEqual([2, 9, 14, 66, 40, 27, 26, 73, 59, 40415, 86, 17419, 115])
  })

  test('a command that takes longer than its maxTimeMS is ended with 50', async () => {
    const slow = rows('slow')
    await slow.insertMany(Array.from({ length: 3000 }, (_, _id) => ({ _id })))
    const join = {
      from: 'slow',
      let: { id: '$_id' },
      pipeline: [{ $match: { $expr: { $ne: ['$_id', '$$id'] } } }, { $count: 'count' }],
      as: 'joined',
    }
    const work = slow.aggregate([{ $lookup: join }, { $count: 'all' }], { maxTimeMS: 50 })
    expect(await refusal(work.toArray())).toMatchObject({ code: 50, codeName: 'MaxTimeMSExpired' })
  })

  test('many who write into a collection that is not there yet all succeed', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, _id) => rows('new').insertOne({ _id })))
    await Promise.all(
      Array.from({ length: 20 }, () =>
        rows('new').updateOne({ _id: 'u' }, { $inc: { n: 1 } }, { upsert: true }),
      ),
    )
    await Promise.all(Array.from({ length: 6 }, () => rows('new').createIndex({ n: 1 })))
    expect([await rows('new').countDocuments(), (await rows('new').findOne({ _id: 'u' }))?.['n']]).toEqual([
      21, 20,
    ])
  })
})
