/**
 * The program `mongod` of the stand-in's image: DocumentDB's engine and the front of the peer, as the user that
 * Compose gives it and in no namespace of its own. It is not MongoDB and says so first.
 */

import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { errorMessage } from '#common/process/error'
import { openAccounts } from '../documentdb/accounts.ts'
import type { Front } from '../documentdb/connection.ts'
import { openCursors } from '../documentdb/cursors.ts'
import { ensureData } from '../documentdb/engine.ts'
import { listen } from '../documentdb/front.ts'
import { serverCommand } from '../documentdb/namespace.ts'
import { openPool, type Pool } from '../documentdb/pool.ts'
import { schema } from '../documentdb/schema.ts'
import { openTransactions } from '../documentdb/transactions.ts'
import { readCommandLine } from './command-line.ts'
import { openGate, openMembership } from './set-gate.ts'

const DATA = '/data/db'
const PORT = 27017

/** mongod's own conditions on its key file (manual, "keyFile"). */
const checkKeyFile = (path: string): void => {
  const { mode, uid } = statSync(path)
  if ((mode & 0o077) !== 0) throw new Error(`permissions on ${path} are too open`)
  if (uid !== process.getuid?.()) throw new Error(`${path} belongs to another user`)
  if (!/^[A-Za-z0-9+/=\s]{6,1024}$/.test(readFileSync(path, 'utf8')))
    throw new Error(`${path} is no key file`)
}

const answers = async (pool: Pool): Promise<boolean> => {
  try {
    await pool.query('select 1', [])
    return true
  } catch {
    return false
  }
}

const run = async (): Promise<void> => {
  console.log('DocumentDB stand-in for mongo:7: for tests only, it is not MongoDB')
  const { replSet, keyFile } = readCommandLine(Bun.argv.slice(2))
  if (replSet !== 'rs0') throw new Error(`the stand-in knows the set rs0 only, not ${replSet}`)
  checkKeyFile(keyFile)
  process.chdir(DATA)
  await ensureData('/', DATA)
  // The container is alone on its volume: what a killed engine says about its process is not true.
  rmSync(`${DATA}/data/postmaster.pid`, { force: true })
  const [program, ...args] = serverCommand
  const engine = Bun.spawn([`/usr/lib/postgresql/18/bin/${program}`, ...args], {
    env: { PATH: '/usr/lib/postgresql/18/bin:/usr/bin:/bin', LC_ALL: 'C.UTF-8', TZ: 'UTC', HOME: '/tmp' },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  let stopping = false
  void engine.exited.then((code) => process.exit(stopping ? 0 : code || 1))
  process.on('SIGTERM', () => {
    stopping = true
    engine.kill('SIGINT') // PostgreSQL's "fast" shutdown
  })

  const pool = openPool()
  while (!(await answers(pool))) await Bun.sleep(50)
  for (const statement of schema) await pool.query(statement, [])
  const membership = openMembership(`${DATA}/member`)
  const front: Front = {
    pose: 'replica-set',
    me: () => membership.host() ?? `127.0.0.1:${PORT}`,
    pool,
    cursors: openCursors(pool),
    transactions: openTransactions(pool),
    accounts: openAccounts(`${DATA}/accounts.json`, () => randomBytes(28)),
    now: () => new Date(),
    nonce: () => randomBytes(18).toString('base64'),
    unmapped: (state, message) =>
      console.error(`DocumentDB: no MongoDB code for ${state || 'an error'}: ${message}`),
  }
  const { port } = await listen(front, { port: 0, tls: undefined })
  await openGate(membership, { port: PORT, front: port })
  console.log(`DocumentDB stand-in for mongo:7: answers on port ${PORT}`)
}

if (import.meta.main)
  await run().catch((error: unknown) => {
    console.error(`DocumentDB stand-in for mongo:7: ${errorMessage(error)}`)
    process.exit(1)
  })
