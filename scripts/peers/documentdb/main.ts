import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { takeLock } from '../../platform/lock.ts'
import { live } from '../../run.ts'
import { type Accounts, openAccounts } from './accounts.ts'
import type { Front } from './connection.ts'
import { openCursors } from './cursors.ts'
import { ensureData, startEngine } from './engine.ts'
import { listen } from './front.ts'
import { openPool } from './pool.ts'
import { schema } from './schema.ts'
import { keptRole, type Ready, type Setup, type Users } from './setup.ts'
import { openTransactions } from './transactions.ts'

/**
 * The front as a process of its own, parent of the engine. It is told what to be on stdin, and takes the end
 * of stdin for the death of who started it: then everything ends at once. SIGTERM ends it in order.
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

const run = async (setup: Setup, parentGone: Promise<void>): Promise<void> => {
  process.chdir(setup.folder)
  const lock = takeLock({ lock: join(setup.folder, 'lock') })
  if (lock === undefined) throw new Error(`${setup.folder} is in use by another one`)
  await ensureData(setup.root, setup.folder)
  const engine = await startEngine(setup.root, setup.folder)
  let stopping = false
  void parentGone.then(async () => {
    stopping = true
    await engine.kill()
    if (setup.mounted !== undefined) await live(['umount', '--lazy', setup.mounted])
    process.exit(1)
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
  void engine.ended.then(() => {
    if (!stopping) process.exit(1) // a database server that has lost its engine is dead
  })
  console.log(JSON.stringify({ port, engine: engine.pid } satisfies Ready))
}

const readSetup = (): { readonly setup: Promise<Setup>; readonly ended: Promise<void> } => {
  const setup = Promise.withResolvers<Setup>()
  const ended = Promise.withResolvers<void>()
  let text = ''
  process.stdin.on('data', (piece) => {
    text += String(piece)
    const end = text.indexOf('\n')
    if (end !== -1) setup.resolve(JSON.parse(text.slice(0, end)) as Setup) // our own parent wrote it
  })
  process.stdin.on('end', () => ended.resolve())
  process.stdin.on('error', () => ended.resolve())
  return { setup: setup.promise, ended: ended.promise }
}

if (import.meta.main) {
  const { setup, ended } = readSetup()
  try {
    await run(await setup, ended)
  } catch (error) {
    console.error(`DocumentDB peer: ${error instanceof Error ? error.message : error}`)
    process.exit(1)
  }
}
