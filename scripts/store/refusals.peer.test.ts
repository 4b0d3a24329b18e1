import { afterEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import type { Call } from '#common/http/client'
import { call } from '#common/http/client'
import { isFault } from '#common/process/fault'
import { realServices } from '#common/testing/real-services'
import { live } from '../cli/run.ts'
import {
  type DocumentDb,
  type DocumentDbOptions,
  documentDbRoot,
  startDocumentDb,
} from '../testing/peers/documentdb/documentdb.ts'

const SERVICE = 'merkle-builder'
const MIB = 1024 * 1024
const MINUTES = 300_000
const PATIENCE = 120_000
const root = await documentDbRoot()
const title = 'a service whose database refuses (MongoDB driver against DocumentDB)'

const closers: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'lucid-refuse-'))
  closers.push(() => rmSync(made, { recursive: true, force: true }))
  return made
}

const database = async (options: Omit<DocumentDbOptions, 'folder'>): Promise<DocumentDb> => {
  const made = await startDocumentDb({ folder: folder(), ...options })
  closers.push(made.stop)
  return made
}

/** The real service as a process, with that in its environment. */
const started = async (env: Readonly<Record<string, string>>) => {
  const services = realServices(folder(), { [SERVICE]: { MONGO_TIMEOUT_MS: '20000', ...env } })
  closers.push(services.stop)
  await services.start(SERVICE)
  const pid = services.pid(SERVICE)
  const sign = services.as('session-orchestrator')
  const ask: Call = (path, init) =>
    call(services.url(SERVICE), { callee: SERVICE, sign, timeoutMs: 30_000 })(path, init)
  const health = async () => {
    const reply = await fetch(`${services.url(SERVICE)}/health`)
    const { status, dependencies } = (await reply.json()) as {
      readonly status: string
      readonly dependencies: Readonly<Record<string, string>>
    }
    return { http: reply.status, status, store: dependencies['store'] ?? '' }
  }
  /** Waits until it answers so and says that: on a busy machine the database may be slow before it refuses. */
  const untilHealth = async (http: number, says = '') => {
    const until = performance.now() + PATIENCE
    for (;;) {
      const found = await health().catch(() => undefined)
      if (found?.http === http && found.store.includes(says)) return found
      if (performance.now() > until) throw new Error(`not ${http} '${says}', but ${JSON.stringify(found)}`)
      await Bun.sleep(50)
    }
  }
  const build = async (session: string, leaves: number): Promise<string> => {
    const body = JSON.stringify({ session, leaves: randomLeaves(leaves) })
    const headers = { 'content-type': 'application/json', 'content-length': String(body.length) }
    return ask('/build', { method: 'POST', body, headers }).then(
      () => 'kept',
      (error) => {
        if (isFault(error)) return error.code
        throw error
      },
    )
  }
  /** Still the same process, with nothing secret in what it answered. */
  const alive = () => process.kill(pid, 0)
  return { untilHealth, build, alive }
}

/** Random, since an engine compresses what is not. */
const randomLeaves = (count: number): readonly string[] =>
  Array.from({ length: count }, () => crypto.getRandomValues(new Uint8Array(32)).toHex())

const sessionOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const password = 'a-password-that-is-right'
const lucid = { role: 'readWrite', db: 'lucid' } as const
const users = {
  admin: { password, roles: [{ role: 'root' } as const] },
  [SERVICE]: { password, roles: [lucid] },
  auditor: { password, roles: [{ role: 'read', db: 'lucid' } as const] },
}

const asAdmin = async (db: DocumentDb, command: Readonly<Record<string, unknown>>): Promise<void> => {
  const client = new MongoClient(db.url, { auth: { username: 'admin', password }, authSource: 'admin' })
  try {
    await client.db('admin').command(command)
  } finally {
    await client.close()
  }
}

const withAuth = (db: DocumentDb) => `${db.url}&authSource=admin`

/** A self-signed certificate for 127.0.0.1, as PEM. */
const certificate = async (): Promise<{ readonly cert: string; readonly key: string }> => {
  const at = folder()
  const [cert, key] = [join(at, 'cert.pem'), join(at, 'key.pem')]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2']
  const made = await live(['openssl', 'req', '-x509', ...curve, ...subject, '-keyout', key, '-out', cert])
  if (made.code !== 0) throw new Error(made.err)
  return { cert: await Bun.file(cert).text(), key: await Bun.file(key).text() }
}

if ('absent' in root) {
  console.log(`NOT RUN: ${title}: ${root.absent}`)
  test.skip(title, () => {})
} else
  describe(title, () => {
    test(
      'for a wrong password is unhealthy, says what to check, and goes on when it is right',
      async () => {
        const db = await database({ users })
        const service = await started({ MONGO_URL: withAuth(db), MONGO_USER: SERVICE, MONGO_PASSWORD: 'ab'.repeat(32) })
        expect(await service.untilHealth(503, 'refuses the login')).toEqual({
          http: 503,
          status: 'unhealthy',
          store: 'the database refuses the login: check MONGO_USER, MONGO_PASSWORD and the authSource of MONGO_URL',
        })
        expect(await service.build(sessionOf(1), 1)).toBe('store-login')
        await asAdmin(db, { updateUser: SERVICE, pwd: 'ab'.repeat(32) })
        await service.untilHealth(200)
        expect(await service.build(sessionOf(1), 1)).toBe('kept')
        service.alive()
      },
      MINUTES,
    )

    test(
      'for a user who may only read is unhealthy, keeps no half of anything, and goes on with the right',
      async () => {
        const db = await database({ users })
        const url = withAuth(db).replace('//', `//auditor:${password}@`)
        const service = await started({ MONGO_URL: url })
        await service.untilHealth(503, 'the database user may not do this')
        expect(await service.build(sessionOf(1), 1)).toBe('store-rights')
        await asAdmin(db, { updateUser: 'auditor', roles: [users.auditor.roles[0], lucid] })
        await service.untilHealth(200)
        expect(await service.build(sessionOf(1), 1)).toBe('kept')
        await asAdmin(db, { updateUser: 'auditor', roles: [users.auditor.roles[0]] })
        expect(await service.build(sessionOf(2), 1)).toBe('store-rights')
        expect(await service.untilHealth(503)).toMatchObject({ status: 'unhealthy' })
        service.alive()
      },
      MINUTES,
    )

    test(
      'for a certificate that nobody it trusts has signed is unhealthy and sends no password',
      async () => {
        const [theirs, trusted] = [await certificate(), await certificate()]
        const db = await database({ tls: theirs, users })
        const login = { MONGO_URL: `${withAuth(db)}`, MONGO_USER: SERVICE, MONGO_PASSWORD: 'ab'.repeat(32) }
        const wrong = await started({ ...login, MONGO_TLS_CA: trusted.cert })
        expect(await wrong.untilHealth(503, 'certificate')).toEqual({
          http: 503,
          status: 'unhealthy',
          store:
            'the certificate of the database is not trusted: check MONGO_TLS_CA, the host name in MONGO_URL and the dates of the certificate',
        })
        const right = await started({ ...login, MONGO_TLS_CA: theirs.cert })
        await right.untilHealth(503, 'refuses the login')
        wrong.alive()
      },
      MINUTES,
    )

    const poses = {
      standalone: 'the database is no replica set',
      old: 'the database is older than MongoDB 7.0',
    } as const
    for (const [pose, says] of Object.entries(poses))
      test(
        `for a server that is ${pose === 'old' ? 'too old' : 'no replica set'} is unhealthy and writes nothing`,
        async () => {
          const db = await database({ pose: pose as keyof typeof poses })
          const service = await started({ MONGO_URL: db.url })
          expect(await service.untilHealth(503, says)).toMatchObject({ status: 'unhealthy' })
          expect(await service.build(sessionOf(1), 1)).toMatch(/^store-/)
          const client = new MongoClient(db.url)
          expect(await client.db('lucid').listCollections().toArray()).toEqual([])
          await client.close()
          service.alive()
        },
        MINUTES,
      )

    test(
      'for a full disk refuses writes, is unhealthy, loses nothing, and goes on when there is room',
      async () => {
        const db = await database({ dataBytes: 96 * MIB })
        const service = await started({ MONGO_URL: db.url })
        await service.untilHealth(200)
        const kept: number[] = []
        let answer = 'kept'
        for (let n = 0; answer === 'kept' && n < 500; n++) {
          answer = await service.build(sessionOf(n), 20_000)
          if (answer === 'kept') kept.push(n)
        }
        expect([kept.length > 0, answer]).toEqual([true, 'disk-full'])
        expect(await service.untilHealth(503, 'the disk that holds the data is full')).toMatchObject({
          status: 'unhealthy',
        })
        const client = new MongoClient(db.url)
        const trees = client.db('lucid').collection<{ _id: string }>(`${SERVICE}.merkle_trees`)
        const found = await trees.find({}, { projection: { _id: 1 } }).toArray()
        expect(found.map(({ _id }) => _id).toSorted()).toEqual(kept.map(sessionOf).toSorted())
        await client.close()
        await db.resize(192 * MIB)
        await service.untilHealth(200)
        expect(await service.build(sessionOf(900), 1)).toBe('kept')
        service.alive()
      },
      MINUTES,
    )
  })
