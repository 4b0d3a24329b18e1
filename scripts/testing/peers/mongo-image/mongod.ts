/**
 * The program `mongod` of the image: DocumentDB's engine and its front, as the user that Compose gives it and in no
 * namespace of its own. It is not MongoDB and says so first.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { errorMessage } from '#common/process/error'
import { replaceFile } from '../../../platform/files.ts'
import { openAccounts } from '../documentdb/accounts.ts'
import type { ReplicaSet } from '../documentdb/connection.ts'
import { ensureData, forgetKilled, isReady } from '../documentdb/engine.ts'
import { listen, openFront } from '../documentdb/front.ts'
import { setName } from '../documentdb/hello.ts'
import { programs, serverCommand } from '../documentdb/namespace.ts'
import { parseCommandLine } from './command-line.ts'
import { MONGO_IMAGE_TITLE } from './title.ts'

const DATA = '/data/db'
const PORT = 27017

/** mongod's own conditions on its key file (manual, "keyFile"). */
const requireKeyFile = (path: string): void => {
  const { mode, uid } = statSync(path)
  if ((mode & 0o077) !== 0) throw new Error(`permissions on ${path} are too open`)
  if (uid !== process.getuid?.()) throw new Error(`${path} belongs to another user`)
  if (!/^[A-Za-z0-9+/=\s]{6,1024}$/.test(readFileSync(path, 'utf8'))) throw new Error(`${path} is no key file`)
}

/** The set that is not initiated at the first start; afterwards a file says as whom. */
const openSet = (path: string): ReplicaSet => {
  let member = existsSync(path) ? readFileSync(path, 'utf8') : undefined
  return {
    member: () => member,
    initiate: (host) => {
      replaceFile(path, host, { durable: true })
      member = host
    },
  }
}

/** Starts the engine; this process ends with it, and it with this one. Resolves when it answers. */
const startEngine = async (): Promise<void> => {
  forgetKilled(DATA) // the container is alone on its volume
  const [program, ...args] = serverCommand
  const engine = Bun.spawn([`${programs}/${program}`, ...args], {
    env: { PATH: `${programs}:/usr/bin:/bin`, LC_ALL: 'C.UTF-8', TZ: 'UTC', HOME: '/tmp' },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  let stopping = false
  void engine.exited.then((code) => process.exit(stopping ? 0 : code || 1))
  process.on('SIGTERM', () => {
    stopping = true
    engine.kill('SIGINT') // PostgreSQL's "fast" shutdown
  })
  while (!isReady(DATA)) await Bun.sleep(50)
}

const run = async (): Promise<void> => {
  console.log(`${MONGO_IMAGE_TITLE}: for tests only, it is not MongoDB`)
  const { replSet, keyFile } = parseCommandLine(Bun.argv.slice(2))
  if (replSet !== setName) throw new Error(`it knows the set ${setName} only, not ${replSet}`)
  requireKeyFile(keyFile)
  process.chdir(DATA)
  await ensureData('/', DATA)
  await startEngine()
  const set = openSet(`${DATA}/member`)
  const accounts = openAccounts(`${DATA}/accounts.json`, () => randomBytes(28))
  const front = await openFront({ pose: 'replica-set', set, accounts })
  await listen(front, { host: '0.0.0.0', port: PORT })
  console.log(`${MONGO_IMAGE_TITLE}: answers on port ${PORT}`)
}

if (import.meta.main)
  await run().catch((error: unknown) => {
    console.error(`${MONGO_IMAGE_TITLE}: ${errorMessage(error)}`)
    process.exit(1)
  })
