import { expect, test } from 'bun:test'
import { join } from 'node:path'
import {
  chroot,
  newCertificate,
  patience,
  refusal,
  temporaryFolder,
  usePeer,
  withPeer,
} from './peer.fixture.ts'

const as = (username: string, password: string, more: object = {}) => ({
  auth: { username, password },
  authSource: 'admin',
  ...more,
})

withPeer('MongoDB driver against DocumentDB: users and rights', () => {
  const { peer, client } = usePeer({
    users: {
      root: { password: 'root word', roles: [{ role: 'root' }] },
      reader: { password: 'r', roles: [{ role: 'read', db: 'lucid' }] },
      writer: { password: 'w', roles: [{ role: 'readWrite', db: 'lucid' }] },
      recorder: {
        password: 'c',
        roles: [
          {
            name: 'session-recorder',
            privileges: [
              {
                resource: { db: 'lucid', collection: 'session-recorder.parts' },
                actions: ['find', 'insert'],
              },
            ],
          },
        ],
      },
    },
  })
  const of = (name: string, password: string) => client(as(name, password)).db()

  test('the right password lets in, a wrong one and an unknown user get 18', async () => {
    await of('root', 'root word').collection('a').insertOne({ a: 1 })
    const failed = { name: 'MongoServerError', code: 18, message: 'Authentication failed.' }
    expect(await refusal(of('root', 'root').collection('a').findOne())).toMatchObject(failed)
    expect(await refusal(of('nobody', 'r').collection('a').findOne())).toMatchObject(failed)
    const elsewhere = client(as('root', 'root word', { authSource: 'lucid' }))
    expect(await refusal(elsewhere.db().collection('a').findOne())).toMatchObject(failed)
  })

  test('without any the server greets and refuses the rest with 13', async () => {
    const stranger = client().db()
    expect(await stranger.command({ ping: 1 })).toEqual({ ok: 1 })
    expect(await refusal(stranger.collection('a').findOne())).toMatchObject({
      code: 13,
      codeName: 'Unauthorized',
      message: 'Command find requires authentication',
    })
  })

  test('a reader reads and does not write; a writer does both, in its database only', async () => {
    const reader = of('reader', 'r').collection('a')
    expect(await reader.countDocuments()).toBeGreaterThanOrEqual(0)
    const refused = await refusal(reader.insertOne({ a: 1 }))
    expect(refused).toMatchObject({ code: 13, codeName: 'Unauthorized' })
    expect(String(refused['message'])).toStartWith('not authorized on lucid to execute command { insert: "a"')
    const writes = [
      reader.updateOne({}, { $set: { a: 1 } }),
      reader.deleteOne({}),
      reader.findOneAndUpdate({}, { $set: { a: 1 } }),
      reader.createIndex({ a: 1 }),
      reader.drop(),
      reader.aggregate([{ $out: 'b' }]).toArray(),
    ]
    for (const answer of await Promise.all(writes.map(refusal))) expect(answer).toMatchObject({ code: 13 })
    const writer = client(as('writer', 'w'))
    await writer
      .db()
      .collection('a')
      .updateOne({ a: 2 }, { $set: { a: 2 } }, { upsert: true })
    await writer.db().collection('a').createIndex({ a: 1 })
    expect(await refusal(writer.db('other').collection('a').findOne())).toMatchObject({ code: 13 })
    expect(await refusal(writer.db().command({ createUser: 'x', pwd: 'x', roles: [] }))).toMatchObject({
      code: 13,
    })
  })

  test('a role of its own holds for its collection and its actions', async () => {
    const recorder = of('recorder', 'c')
    await recorder.collection('session-recorder.parts').insertOne({ a: 1 })
    expect(await recorder.collection('session-recorder.parts').countDocuments()).toBe(1)
    const refused = [
      recorder.collection('session-recorder.parts').updateOne({}, { $set: { a: 2 } }),
      recorder.collection('session-recorder.other').findOne(),
      recorder.collection('session-recorder.parts').createIndex({ a: 1 }),
      recorder.listCollections().toArray(),
    ]
    for (const answer of await Promise.all(refused.map(refusal))) expect(answer).toMatchObject({ code: 13 })
  })

  test('another user cannot go on with somebody’s cursor', async () => {
    const root = of('root', 'root word')
    await root.collection('b').insertMany(Array.from({ length: 10 }, (_, n) => ({ n })))
    const { cursor } = await root.command({ find: 'b', filter: {}, batchSize: 2 })
    const more = of('reader', 'r').command({ getMore: cursor.id, collection: 'b' })
    expect(await refusal(more)).toMatchObject({ code: 13 })
  })

  test(
    'users that were made and changed are there after a kill',
    async () => {
      const admin = client(as('root', 'root word')).db('admin')
      await admin.command({ createUser: 'later', pwd: 'one', roles: [{ role: 'read', db: 'lucid' }] })
      await admin.command({ updateUser: 'later', pwd: 'two' })
      await admin.command({
        createRole: 'indexer',
        privileges: [{ resource: { db: 'lucid', collection: 'a' }, actions: ['createIndex'] }],
        roles: [],
      })
      await admin.command({ grantRolesToUser: 'later', roles: ['indexer'] })
      expect(await refusal(admin.command({ createUser: 'later', pwd: 'x', roles: [] }))).toMatchObject({
        code: 51003,
      })
      expect(await refusal(admin.command({ grantRolesToUser: 'later', roles: ['none'] }))).toMatchObject({
        code: 31,
      })
      await peer().kill()
      await peer().start()
      await of('later', 'two').collection('a').createIndex({ z: 1 })
      expect(await refusal(of('later', 'one').collection('a').findOne())).toMatchObject({ code: 18 })
      const { users } = await admin.command({ usersInfo: 'later' })
      expect(users).toMatchObject([
        {
          _id: 'admin.later',
          roles: [
            { role: 'read', db: 'lucid' },
            { role: 'indexer', db: 'admin' },
          ],
        },
      ])
      await admin.command({ dropUser: 'later' })
      expect(await refusal(of('later', 'two').collection('a').findOne())).toMatchObject({ code: 18 })
    },
    patience,
  )
})

withPeer('MongoDB driver against DocumentDB: the first user', () => {
  const { client } = usePeer({ users: {} })

  test('can be made from this machine while there is none, and no longer than that', async () => {
    const admin = client().db('admin')
    expect(await refusal(admin.command({ replSetInitiate: {} }))).toMatchObject({
      code: 23,
      codeName: 'AlreadyInitialized',
    })
    expect(await admin.command({ replSetGetStatus: 1 })).toMatchObject({ set: 'rs0', myState: 1 })
    expect(await refusal(admin.collection('x').findOne())).toMatchObject({ code: 13 })
    await admin.command({ createUser: 'first', pwd: 'p', roles: ['root'] })
    expect(await refusal(admin.command({ createUser: 'second', pwd: 'p', roles: ['root'] }))).toMatchObject({
      code: 13,
    })
    const first = client(as('first', 'p')).db('admin')
    expect(
      (await first.command({ usersInfo: 1 }))['users'].map(({ user }: { user: string }) => user),
    ).toEqual(['first'])
  })
})

withPeer('MongoDB driver against DocumentDB: TLS', () => {
  const pair = chroot === '' ? { cert: '', key: '' } : newCertificate()
  const { client } = usePeer({ tls: pair })
  const folder = temporaryFolder()
  const impatient = { tls: true, serverSelectionTimeoutMS: 1500 }

  test(
    'a certificate of the right authority is taken, of another or none refused',
    async () => {
      const right = join(folder, 'right.pem')
      const wrong = join(folder, 'wrong.pem')
      await Bun.write(right, pair.cert)
      await Bun.write(wrong, newCertificate().cert)
      await client({ ...impatient, tlsCAFile: right })
        .db()
        .command({ ping: 1 })
      for (const options of [{ ...impatient, tlsCAFile: wrong }, impatient])
        expect(await refusal(client(options).db().command({ ping: 1 }))).toMatchObject({
          name: 'MongoServerSelectionError',
          message: expect.stringMatching(/certificate|self.signed/i),
        })
      expect(
        await refusal(client({ serverSelectionTimeoutMS: 1500 }).db().command({ ping: 1 })),
      ).toMatchObject({
        name: 'MongoServerSelectionError',
      })
    },
    patience,
  )
})
