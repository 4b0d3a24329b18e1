import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Document, MongoClient } from 'mongodb'
import '#common/store/mongo-closing'
import { isAlive, signal } from '../../../platform/process.ts'
import { documentDbRoot, startDocumentDb } from './documentdb.ts'
import { patience, refusal, temporaryFolder, usePeer, withPeer } from './peer.fixture.ts'
import { allGone } from './processes.ts'

type Row = Document & { _id: string | number }

const megabyte = 1024 ** 2

const isMounted = (path: string): boolean => readFileSync('/proc/self/mounts', 'utf8').includes(` ${path} `)

withPeer('MongoDB driver against DocumentDB: a kill', () => {
  const { peer, client } = usePeer()

  test(
    'in the middle of writes loses nothing that was acknowledged, and the driver comes back by itself',
    async () => {
      const rows = client({ writeConcern: { w: 'majority', journal: true } })
        .db()
        .collection<Row>('kept')
      const acknowledged: number[] = []
      const failed: unknown[] = []
      let next = 0
      let going = true
      const write = async (): Promise<void> => {
        while (going) {
          const _id = next++
          await rows.insertOne({ _id }).then(
            () => acknowledged.push(_id),
            (error: unknown) => failed.push(error),
          )
        }
      }
      const writers = Array.from({ length: 8 }, write)
      for (let round = 0; round < 3; round++) {
        const before = acknowledged.length
        while (acknowledged.length < before + 100) await Bun.sleep(5)
        await peer().kill()
        expect(peer().pids()).toEqual([])
        await peer().start()
      }
      const before = acknowledged.length
      while (acknowledged.length < before + 100) await Bun.sleep(5)
      going = false
      await Promise.all(writers)
      const stored = new Set((await rows.find().toArray()).map(({ _id }) => _id))
      expect(acknowledged.filter((_id) => !stored.has(_id))).toEqual([])
      // A retryable write is done once: what failed for the client may be there, but never a duplicate of it.
      expect(failed.filter((error) => (error as { code?: unknown }).code === 11000)).toEqual([])
    },
    patience,
  )

  test(
    'stop ends every process, and start brings the same data back on the same port',
    async () => {
      const { port } = peer()
      const pids = peer().pids()
      expect(pids.length).toBeGreaterThan(3)
      const count = await client().db().collection('kept').countDocuments()
      await peer().stop()
      expect(pids.filter(isAlive)).toEqual([])
      await peer().start()
      expect(peer().port).toBe(port)
      expect(await client().db().collection('kept').countDocuments()).toBe(count)
    },
    patience,
  )
})

withPeer('MongoDB driver against DocumentDB: the end of who started it', () => {
  const folder = temporaryFolder()

  test(
    'by SIGKILL ends the engine and its file system too',
    async () => {
      const starter = Bun.spawn(
        [
          process.execPath,
          '-e',
          `const { startDocumentDb } = await import(${JSON.stringify(join(import.meta.dir, 'documentdb.ts'))})
        const peer = await startDocumentDb({ folder: ${JSON.stringify(folder)}, dataBytes: ${100 * megabyte} })
        console.log(JSON.stringify(peer.pids()))
        await new Promise(() => setInterval(() => {}, 1000))`,
        ],
        { stdout: 'pipe', stderr: 'inherit' },
      )
      const { value } = await starter.stdout.getReader().read()
      const pids: number[] = JSON.parse(Buffer.from(value ?? []).toString())
      expect([pids.length > 3, isMounted(join(folder, 'data'))]).toEqual([true, true])
      signal(starter.pid, 'SIGKILL')
      await starter.exited
      await allGone(pids)
      expect(isMounted(join(folder, 'data'))).toBe(false)
    },
    patience,
  )
})

withPeer('MongoDB driver against DocumentDB: a full disk', () => {
  const { peer, client, folder } = usePeer({ dataBytes: 64 * megabyte })

  test(
    'refuses writes with 14031, keeps and gives what it has, and writes again when there is room',
    async () => {
      const connected = client({ writeConcern: { w: 'majority', journal: true } })
      const rows = connected.db().collection<Row>('full')
      const bytes = () => crypto.getRandomValues(Buffer.alloc(60_000))
      let stored = 0
      let refused: Document = {}
      while (refused['code'] === undefined) {
        const answer = await refusal(rows.insertOne({ _id: stored, bytes: bytes() }))
        if ('resolved' in answer) stored++
        else refused = answer
      }
      expect(refused['code']).toBe(14031)
      expect(stored).toBeGreaterThan(50)
      const session = connected.startSession()
      const whole = session.withTransaction(() =>
        rows.insertOne({ _id: 'in it', bytes: bytes() }, { session }),
      )
      expect(await refusal(whole)).toMatchObject({ code: 14031 })
      await session.endSession()
      expect(await rows.countDocuments()).toBe(stored)
      await peer().kill()
      await peer().start()
      expect(await rows.countDocuments()).toBe(stored)
      await peer().resize(96 * megabyte)
      await rows.insertOne({ _id: stored, bytes: bytes() })
      await peer().stop()
      expect(isMounted(join(folder, 'data'))).toBe(false)
    },
    patience,
  )
})

withPeer('MongoDB driver against DocumentDB: two on one folder', () => {
  const { folder, peer } = usePeer()

  test(
    'are one too many: the second is refused and the first goes on',
    async () => {
      expect(await documentDbRoot()).toHaveProperty('root')
      expect(await refusal(startDocumentDb({ folder }))).toMatchObject({ name: 'CliError' })
      const client = new MongoClient(peer().url)
      expect(await client.db().command({ ping: 1 })).toEqual({ ok: 1 })
      await client.close()
    },
    patience,
  )
})
