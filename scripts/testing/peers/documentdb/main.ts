import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { errorMessage } from '#common/process/error'
import { live } from '../../../cli/run.ts'
import { replaceFile } from '../../../platform/files.ts'
import { takeLock } from '../../../platform/lock.ts'
import { type Accounts, openAccounts } from './accounts.ts'
import { type Ready, readyFile, type Setup } from './documentdb.ts'
import { type Engine, ensureData, startEngine } from './engine.ts'
import { listen, openFront } from './front.ts'

/**
 * The front as a process of its own, parent of the engine. Its argument is a file that says what to be; when
 * it answers it leaves another one. SIGHUP is the death of who started it (the kernel sends it): then
 * everything ends at once. SIGTERM ends it in order.
 */

/** Users are given once; afterwards the file says who there is. */
const openSetupAccounts = ({ folder, users }: Setup): Accounts | undefined => {
  if (users === undefined) return undefined
  const path = join(folder, 'accounts.json')
  const isNew = !existsSync(path)
  const accounts = openAccounts(path, () => randomBytes(28))
  for (const [createUser, { password: pwd, roles }] of Object.entries(isNew ? users : {}))
    accounts.answer({ name: 'createUser', db: 'admin', request: { createUser, pwd, roles } })
  return accounts
}

const run = async (setup: Setup): Promise<void> => {
  const { root, folder, mounted } = setup
  let stopping = false
  let engine: Engine | undefined
  const starterGone = async (): Promise<void> => {
    stopping = true
    await engine?.kill()
    if (mounted !== undefined) await live(['umount', '--lazy', mounted])
    process.exit(1)
  }
  process.on('SIGHUP', () => void starterGone())
  if (process.ppid !== setup.starter) return starterGone() // it died before the kernel knew whom to tell
  process.chdir(folder)
  const lock = takeLock({ lock: join(folder, 'lock') })
  if (lock === undefined) throw new Error(`${folder} is in use by another one`)
  await ensureData(root, folder)
  const started = await startEngine(root, folder)
  engine = started
  void started.ended.then(() => {
    if (!stopping) process.exit(1) // a database server that has lost its engine is dead
  })
  let { port } = setup
  const set = { member: () => `127.0.0.1:${port}`, initiate: () => {} }
  const front = await openFront({ pose: setup.pose, set, accounts: openSetupAccounts(setup) })
  const listening = await listen(front, { host: '127.0.0.1', port, tls: setup.tls })
  port = listening.port
  process.on('SIGTERM', async () => {
    stopping = true
    try {
      await listening.close()
      await started.stop()
    } finally {
      lock.release()
      process.exit(0)
    }
  })
  const ready: Ready = { port, engine: started.pid }
  replaceFile(readyFile(folder), JSON.stringify(ready), { durable: false })
}

if (import.meta.main) {
  const file = process.argv[2] ?? ''
  try {
    const setup = JSON.parse(readFileSync(file, 'utf8')) as Setup // documentdb.ts wrote it
    rmSync(file) // it may hold passwords
    await run(setup)
  } catch (error) {
    console.error(`DocumentDB for tests: ${errorMessage(error)}`)
    process.exit(1)
  }
}
