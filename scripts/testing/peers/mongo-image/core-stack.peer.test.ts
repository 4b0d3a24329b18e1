import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chownSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeServices } from '../../../derive/store-schemas.ts'
import { homeAt } from '../../../platform/home.ts'
import { ensureSecret } from '../../../platform/secrets.ts'
import { startDocker } from '../docker/engine.ts'
import { importMongoImage, MONGO_IMAGE } from './image.ts'
import { openFiles } from './open-files.ts'
import { MONGO_IMAGE_TITLE } from './title.ts'

/** The core Compose file as it is committed, on a Docker engine; the database's image is DocumentDB. */

// Only a hang is ended by it.
setDefaultTimeout(600_000)

const folder = mkdtempSync(join(tmpdir(), 'lucid-core-'))
const engine = await startDocker({ folder: join(folder, 'engine') })
const missing = 'absent' in engine ? engine : await importMongoImage(engine, folder)
const reason = missing?.absent
if (reason !== undefined) console.log(`NOT RUN: ${reason} (core stack on Docker, ${MONGO_IMAGE_TITLE})`)

afterAll(async () => {
  if (!('absent' in engine)) await engine.stop()
  rmSync(folder, { recursive: true, force: true })
})

// Beside its env file, as on a host: without that Compose reads no file that names it.
const repository = join(import.meta.dir, '..', '..', '..', '..')
const compose = join(folder, 'compose')
cpSync(join(repository, 'compose'), compose, { recursive: true })
mkdirSync(join(folder, 'env'))
cpSync(join(repository, 'env', '.env.core.example'), join(folder, 'env', '.env.core'))
/** What is started here: our own services of the stack need images of ours. */
const started = ['mongo', 'mongo-init']
const services = storeServices()

const fewer = openFiles()
if ('LUCID_MONGO_FILES' in fewer)
  console.log(
    `${MONGO_IMAGE_TITLE}: with ${fewer['LUCID_MONGO_FILES']} open files instead of 64000, this machine allows no more`,
  )

describe.skipIf(reason !== undefined)(`the core stack on Docker (${MONGO_IMAGE_TITLE})`, () => {
  if (reason !== undefined || 'absent' in engine) {
    test.skip(reason ?? 'no engine', () => {})
    return
  }
  const home = homeAt(join(folder, 'state'))
  const make = (owner: string, key: string, uid: number): void => {
    ensureSecret(home, owner, key)
    chownSync(home.secret(owner, key), uid, uid)
  }
  make('mongo', 'KEYFILE', 999)
  make('mongo', 'ROOT_PASSWORD', 65532)
  for (const service of services) make(service, 'MONGO_PASSWORD', 65532)

  const env = { LUCID_MOUNT_PATH: home.root, LUCID_MONGO_IMAGE: MONGO_IMAGE, ...fewer }
  const files = [join(compose, 'docker-compose.core.yaml')]
  const stack = (...args: readonly string[]) => engine.compose(files, args, { env })
  const docker = async (...args: readonly string[]) => (await engine.run(args)).out.trim()
  const inspect = async (name: string): Promise<Record<string, unknown>> =>
    JSON.parse(await docker('inspect', '--format', '{{json .}}', name)) // docker's own answer
  const untilHealthy = async (): Promise<void> => {
    while ((await docker('inspect', '--format', '{{.State.Health.Status}}', 'lucid_mongo')) !== 'healthy')
      await Bun.sleep(200)
  }
  const initLog = async (): Promise<readonly string[]> =>
    (await docker('logs', 'lucid_mongo_init'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.replace('mongo-init: ', ''))
  /** Ups the stack and waits for the end of the set-up; answers its exit code and what it said this time. */
  const up = async () => {
    const before = (await initLog()).length
    const { code, err } = await stack('up', '--detach', ...started)
    if (code !== 0) throw new Error(err)
    const exit = await docker('wait', 'lucid_mongo_init')
    await untilHealthy()
    return { exit, log: (await initLog()).slice(before) }
  }
  /** Evaluates in mongosh, as a service does: in the network, by the name and with the address of the Compose file. */
  const evaluate = async (service: string, script: string) => {
    const password = readFileSync(home.secret(service, 'MONGO_PASSWORD'), 'utf8').trim()
    const url = `mongodb://${service}:${password}@lucid_mongo:27017/lucid?replicaSet=rs0&authSource=admin`
    return docker(
      ...['run', '--rm', '--network', 'lucid_store_net', '--user', '65532:65532', '--tmpfs', '/tmp'],
      ...['--env', 'HOME=/tmp', MONGO_IMAGE, 'mongosh', '--quiet', url, '--eval', script],
    )
  }
  const chunks = 'db.getCollection("session-encryptor.encryptor_chunks")'

  test('the first up initiates the set, makes root and every user, and the database becomes healthy', async () => {
    expect(await up()).toEqual({
      exit: '0',
      log: [
        'replica set rs0 initiated with lucid_mongo:27017',
        'root created',
        ...services.map((service) => `${service}: role created, user created`),
      ],
    })
    expect(await docker('logs', 'lucid_mongo')).toContain(`${MONGO_IMAGE_TITLE}: for tests only, it is not MongoDB`)
  })

  test('the database runs as 999 without capabilities on a read-only root, with one volume and no other', async () => {
    const { HostConfig, Config } = await inspect('lucid_mongo')
    expect(Config).toMatchObject({ User: '999:999', Labels: { 'org.lucid.service': 'mongo' } })
    expect(HostConfig).toMatchObject({
      ReadonlyRootfs: true,
      CapAdd: null,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges:true'],
      Memory: 768 * 2 ** 20,
      PidsLimit: 512,
      Privileged: false,
    })
    expect(await docker('volume', 'ls', '--quiet')).toBe('lucid_core_mongo_data')
    expect(await docker('exec', 'lucid_mongo', 'stat', '--format', '%a %u', '/run/mongo/KEYFILE')).toBe('400 999')
  })

  test('another up leaves the database running and finds everything as it must be', async () => {
    const before = await docker('inspect', '--format', '{{.State.StartedAt}}', 'lucid_mongo')
    expect(await up()).toEqual({ exit: '0', log: services.map((service) => `${service}: as it must be`) })
    expect(await docker('inspect', '--format', '{{.State.StartedAt}}', 'lucid_mongo')).toBe(before)
  })

  test('a service reaches its own collections by the address of its Compose file, and no others', async () => {
    expect(await evaluate('session-encryptor', `print(${chunks}.insertOne({ _id: "kept" }).acknowledged)`)).toBe('true')
    const refused = `try { ${chunks}.insertOne({}) } catch (error) { print(error.code) }`
    expect(await evaluate('merkle-builder', refused)).toBe('13')
  })

  test('what was acknowledged is there after docker kill and a start, and the database is healthy again', async () => {
    await docker('kill', 'lucid_mongo')
    await docker('start', 'lucid_mongo')
    await untilHealthy()
    expect(await evaluate('session-encryptor', `print(${chunks}.findOne()._id)`)).toBe('kept')
  })

  test('it is there after the power failed for the whole engine too', async () => {
    await engine.kill()
    const again = await startDocker({ folder: join(folder, 'engine') })
    if ('absent' in again) throw new Error(again.absent)
    const back = await again.compose(files, ['up', '--detach', ...started], { env })
    expect({ code: back.code, err: back.code === 0 ? '' : back.err }).toEqual({ code: 0, err: '' })
    // It is started again by itself when the database takes longer than its patience.
    let ended = ''
    for (let at = 0; at < 5 && ended !== '0'; at++) ended = (await again.run(['wait', 'lucid_mongo_init'])).out.trim()
    expect(ended).toBe('0')
    const found = await again.run([
      ...['exec', 'lucid_mongo', 'mongosh', '--quiet', '--eval'],
      `db.getSiblingDB("admin").auth("root", "${readFileSync(home.secret('mongo', 'ROOT_PASSWORD'), 'utf8').trim()}"); print(db.getSiblingDB("lucid").getCollection("session-encryptor.encryptor_chunks").findOne()._id)`,
    ])
    expect(found.out.trim()).toBe('kept')
    expect((await again.compose(files, ['down'], { env })).code).toBe(0)
    expect((await again.run(['ps', '--all', '--quiet'])).out).toBe('')
    expect((await again.run(['volume', 'ls', '--quiet'])).out.trim()).toBe('lucid_core_mongo_data')
    await again.stop()
  })

  test('Compose lays the override with three members over the core file', async () => {
    const again = await startDocker({ folder: join(folder, 'engine') })
    if ('absent' in again) throw new Error(again.absent)
    const override = [files[0] ?? '', join(compose, 'docker-compose.mongo-replica-set.yaml')]
    const merged = await again.compose(override, ['config', '--format', 'json'], { env })
    const config = JSON.parse(merged.out) as {
      readonly services: Readonly<
        Record<string, { readonly environment?: unknown; readonly healthcheck?: { readonly test: unknown } }>
      >
    }
    const databases = Object.keys(config.services).filter((name) => name.startsWith('mongo'))
    expect(databases.toSorted()).toEqual(['mongo', 'mongo-2', 'mongo-3', 'mongo-init'])
    expect(config.services['mongo-init']?.environment).toMatchObject({
      HOME: '/tmp',
      MONGO_MEMBERS: 'lucid_mongo:27017,lucid_mongo_2:27017,lucid_mongo_3:27017',
    })
    for (const name of ['mongo', 'mongo-2', 'mongo-3'])
      expect(config.services[name]?.healthcheck?.test).toEqual([
        ...['CMD', '/bin/bash', '/opt/lucid/health.sh', 'member'],
      ])
    await again.stop()
  })
})
