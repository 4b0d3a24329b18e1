import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { live } from '../../../cli/run.ts'
import { documentDbRoot, startDocumentDb } from '../documentdb/documentdb.ts'
import { installMongosh } from './mongosh.ts'

/** compose/mongo/init.js by MongoDB's own shell; the server is DocumentDB in the place of mongo:7. */

// Only a hang is ended by it.
setDefaultTimeout(300_000)

const root = await documentDbRoot()
const shell = 'absent' in root ? root : await installMongosh()
if ('absent' in shell) console.log(`NOT RUN: ${shell.absent} (set-up of the database)`)

const folder = mkdtempSync(join(tmpdir(), 'lucid-init-'))
const secrets = join(folder, 'secrets')
mkdirSync(secrets)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const hex = () => crypto.getRandomValues(new Uint8Array(32)).toHex()
const keep = (name: string, text = hex()): string => {
  writeFileSync(join(secrets, name), `${text}\n`)
  return text
}

const usersFile = join(folder, 'users.json')
const setUsers = (users: Readonly<Record<string, readonly string[]>>) =>
  writeFileSync(
    usersFile,
    JSON.stringify({
      database: 'lucid',
      replicaSet: 'rs0',
      users: Object.entries(users).map(([user, collections]) => ({ user, collections })),
    }),
  )

describe.skipIf('absent' in shell)('the set-up of the database (DocumentDB in the place of mongo:7)', async () => {
  if ('absent' in shell) {
    test.skip(shell.absent, () => {})
    return
  }
  const server = await startDocumentDb({ folder: join(folder, 'database'), users: {} })
  afterAll(server.stop)

  const init = async () => {
    const ran = await live(
      [
        ...shell.argv,
        '--nodb',
        '--norc',
        '--quiet',
        join(import.meta.dir, '..', '..', '..', '..', 'compose', 'mongo', 'init.js'),
      ],
      {
        env: {
          HOME: folder,
          SECRETS: secrets,
          USERS_FILE: usersFile,
          MONGO_PORT: String(server.port),
          MONGO_MEMBERS: `127.0.0.1:${server.port}`,
        },
      },
    )
    const lines = ran.out.split('\n').filter((line) => line !== '')
    return { code: ran.code, log: lines.map((line) => line.replace('mongo-init: ', '')), err: ran.err }
  }

  /** What `work` does as that user: its answer, or the code with which the server refuses. */
  const as = async <T>(user: string, password: string, work: (client: MongoClient) => Promise<T>) => {
    const client = new MongoClient(`mongodb://127.0.0.1:${server.port}/?directConnection=true`, {
      auth: { username: user, password },
      serverSelectionTimeoutMS: 10_000,
    })
    try {
      return await work(client)
    } catch (error) {
      return (error as { readonly code?: unknown }).code
    } finally {
      await client.close()
    }
  }
  const rootPassword = keep('ROOT_PASSWORD')
  const keeper = keep('keeper-MONGO_PASSWORD')
  keep('maker-MONGO_PASSWORD')
  const first = { keeper: ['keeper.things', 'keeper.schema'], maker: ['maker.things', 'maker.schema'] }

  test('the first run makes root, and a role and a user for each service', async () => {
    setUsers(first)
    expect(await init()).toEqual({
      code: 0,
      err: '',
      log: ['root created', 'keeper: role created, user created', 'maker: role created, user created'],
    })
  })

  test('a second run finds everything as it must be', async () => {
    expect((await init()).log).toEqual(['keeper: as it must be', 'maker: as it must be'])
  })

  test('a service has the rights it needs on its own collections', async () => {
    const done = await as('keeper', keeper, async (client) => {
      const db = client.db('lucid')
      const things = await db.createCollection<{ _id: string; n?: number }>('keeper.things')
      await things.createIndex({ n: 1 }, { name: 'n' })
      await things.insertOne({ _id: 'a' })
      await things.updateOne({ _id: 'a' }, { $set: { n: 1 } })
      const found = await things.find({ n: 1 }).toArray()
      const indexes = (await things.listIndexes().toArray()).map(({ name }) => name)
      await things.dropIndex('n')
      await things.deleteOne({ _id: 'a' })
      const names = (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name)
      return { found, indexes, names }
    })
    expect(done).toEqual({ found: [{ _id: 'a', n: 1 }], indexes: ['_id_', 'n'], names: ['keeper.things'] })
  })

  test('everything else is refused: others’ collections, dropping, users', async () => {
    const refused: readonly ((client: MongoClient) => Promise<unknown>)[] = [
      (client: MongoClient) => client.db('lucid').collection('maker.things').findOne(),
      (client: MongoClient) => client.db('lucid').collection('maker.things').insertOne({}),
      (client: MongoClient) => client.db('lucid').collection('keeper.other').insertOne({}),
      (client: MongoClient) => client.db('other').collection('keeper.things').insertOne({}),
      (client: MongoClient) => client.db('lucid').collection('keeper.things').drop(),
      (client: MongoClient) => client.db('lucid').dropDatabase(),
      (client: MongoClient) => client.db('admin').command({ usersInfo: 1 }),
      (client: MongoClient) => client.db('admin').command({ createUser: 'x', pwd: 'x', roles: ['root'] }),
    ]
    for (const attempt of refused) expect(await as('keeper', keeper, attempt)).toBe(13)
  })

  test('a changed password is put right, and the old one no longer opens', async () => {
    const changed = keep('keeper-MONGO_PASSWORD')
    expect((await init()).log).toEqual(['keeper: password changed', 'maker: as it must be'])
    const count = (client: MongoClient) => client.db('lucid').collection('keeper.things').countDocuments()
    expect(await as('keeper', keeper, count)).toBe(18)
    expect(await as('keeper', changed, count)).toBe(0)
  })

  test('changed lists of collections are put right, with every document kept', async () => {
    await as('root', rootPassword, (client) => client.db('lucid').collection('maker.things').insertOne({ n: 1 }))
    setUsers({ ...first, maker: ['maker.more', 'maker.schema'] })
    expect((await init()).log).toEqual(['keeper: as it must be', 'maker: rights changed'])
    const left = await as('root', rootPassword, (client) =>
      client.db('lucid').collection('maker.things').countDocuments(),
    )
    expect(left).toBe(1)
  })

  test('more rights than a service should have are taken back', async () => {
    await as('root', rootPassword, (client) => client.db('admin').command({ updateUser: 'keeper', roles: ['root'] }))
    expect((await init()).log[0]).toBe('keeper: role given again')
  })

  test('another root password than the database has is said, and nothing is changed', async () => {
    keep('ROOT_PASSWORD')
    const { code, log, err } = await init()
    expect({ code, log }).toEqual({ code: 1, log: [] })
    expect(err).toContain('the database has another root password than secrets/mongo/ROOT_PASSWORD')
  })

  test('a secret that is none is refused before anything is done', async () => {
    keep('ROOT_PASSWORD', 'short')
    const { code, err } = await init()
    expect(code).toBe(1)
    expect(err).toContain('secret ROOT_PASSWORD does not hold 64 lower-case hex digits')
  })
})
