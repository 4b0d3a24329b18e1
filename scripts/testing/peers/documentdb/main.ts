import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { errorMessage } from '#common/process/error'
import { live } from '../../../cli/run.ts'
import { takeLock } from '../../../platform/lock.ts'
import { type Accounts, openAccounts } from './accounts.ts'
import type { Front } from './connection.ts'
import { openCursors } from './cursors.ts'
import { ensureData, startEngine } from './engine.ts'
import { listen } from './front.ts'
import { openPool } from './pool.ts'
import { schema } from './schema.ts'
import { keptRole, type Ready, readyFile, type Setup, type Users } from './setup.ts'
import { openTransactions } from './transactions.ts'
import { writeWhole } from './whole-file.ts'

/**
 * The front as a process of its own, parent of the engine. Its argument is a file that says what to be; when
 * it answers it leaves another one. SIGHUP is the death of who started it (the kernel sends it): then
 * everything ends at once. SIGTERM ends it in order.
 */

const seed = (accounts: Accounts, users: Users): void => {
  for (const [user, { password, roles }] of Object.entries(users)) {
    const kept = roles.map(keptRole)
    for (const { role, db, privileges } of kept)
      if (privileges !== undefined && !accounts.roles().some((one) => one.role === role && one.db === db))
        accounts.addRole({ role, db, privileges, roles: [] })
    accounts.addUser({ user, db: 'admin', password, roles: kept.map(({ role, db }) => ({ role, db })) })
  }
}

/** Users are given once; afterwards the file says who there is. */
const accountsFor = ({ folder, users }: Setup): Accounts | undefined => {
  if (users === undefined) return undefined
  const path = join(folder, 'accounts.json')
  const first = !existsSync(path)
  const accounts = openAccounts(path, () => randomBytes(28))
  if (first) seed(accounts, users)
  return accounts
}

const run = async (setup: Setup): Promise<void> => {
  const { root, folder, mounted } = setup
  let stopping = false
  let endEngine = async (): Promise<void> => {}
  const starterGone = async (): Promise<void> => {
    stopping = true
    await endEngine()
    if (mounted !== undefined) await live(['umount', '--lazy', mounted])
    process.exit(1)
  }
  process.on('SIGHUP', () => void starterGone())
  if (process.ppid !== setup.starter) return starterGone() // it died before the kernel knew whom to tell
  process.chdir(folder)
  const lock = takeLock({ lock: join(folder, 'lock') })
  if (lock === undefined) throw new Error(`${folder} is in use by another one`)
  await ensureData(root, folder)
  const engine = await startEngine(root, folder)
  endEngine = engine.kill
  void engine.ended.then(() => {
    if (!stopping) process.exit(1) // a database server that has lost its engine is dead
  })
  const pool = openPool()
  for (const statement of schema) await pool.query(statement, [])
  let port = setup.port
  const front: Front = {
    pose: setup.pose,
    me: () => `127.0.0.1:${port}`,
    pool,
    cursors: openCursors(pool),
    transactions: openTransactions(pool),
    accounts: accountsFor(setup),
    now: () => new Date(),
    nonce: () => randomBytes(18).toString('base64'),
    unmapped: (state, message) =>
      console.error(`DocumentDB peer: no MongoDB code for ${state || 'an error'}: ${message}`),
  }
  const listening = await listen(front, { port: setup.port, tls: setup.tls })
  port = listening.port
  process.on('SIGTERM', () => {
    stopping = true
    void listening
      .close()
      .then(engine.stop)
      .finally(() => {
        lock.release()
        process.exit(0)
      })
  })
  writeWhole(readyFile(folder), JSON.stringify({ port, engine: engine.pid } satisfies Ready))
}

if (import.meta.main) {
  const file = process.argv[2] ?? ''
  try {
    const setup = JSON.parse(readFileSync(file, 'utf8')) as Setup // documentdb.ts wrote it
    rmSync(file) // it may hold passwords
    await run(setup)
  } catch (error) {
    console.error(`DocumentDB peer: ${errorMessage(error)}`)
    process.exit(1)
  }
}
