import { chmodSync, chownSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { live } from '../../run.ts'
import { initCommand, inNamespace, mounted, serverCommand, singleUserCommand, template } from './namespace.ts'
import { allGone, killAll, treeOf } from './processes.ts'

/** A running PostgreSQL with the extension. It ends with the process that started it. */
export type Engine = {
  /** Resolves when it has ended, however. */
  readonly ended: Promise<void>
  /** Orderly: clients are cut off, what is acknowledged is on the disk. */
  readonly stop: () => Promise<void>
  /** SIGKILL for every process of it. */
  readonly kill: () => Promise<void>
}

/** How a client of the engine in this process connects; the engine has no port. */
export const connection = {
  // A path below the working directory: that of the data folder may be longer than a socket's path can be.
  host: '/proc/self/cwd/run',
  user: 'postgres',
  database: 'postgres',
  options: '-c client_min_messages=warning',
} as const

/** The user postgres of the root, as numbers: the machine's own user of that name may be another. */
const ownerIn = (root: string): { readonly uid: number; readonly gid: number } =>
  statSync(join(root, 'var/lib/postgresql'))

const makeFolders = (root: string, folder: string): void => {
  const { uid, gid } = ownerIn(root)
  for (const name of mounted) {
    const path = join(folder, name)
    mkdirSync(path, { recursive: true })
    chownSync(path, uid, gid)
    chmodSync(path, 0o700)
  }
}

const answers = async (): Promise<boolean> => {
  const client = new Client(connection)
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

/**
 * Starts the engine on the data in `folder`, which must be the working directory; resolves when it answers.
 * Its log is `folder/engine.log`. Throws when it ends before that.
 */
export const startEngine = async (root: string, folder: string): Promise<Engine> => {
  const log = openSync(join(folder, 'engine.log'), 'a')
  const child = Bun.spawn([...inNamespace(root, folder, ...serverCommand)], {
    stdin: 'ignore',
    stdout: log,
    stderr: log,
    env: { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin' },
  })
  closeSync(log)
  const ended = child.exited.then(() => {})
  const kill = () => killAll(treeOf(child.pid))
  while (!(await answers())) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`the engine ended at its start: see ${join(folder, 'engine.log')}`)
    await Bun.sleep(10)
  }
  return {
    ended,
    kill,
    stop: async () => {
      const tree = treeOf(child.pid)
      const postmaster = tree[1]
      if (postmaster !== undefined) process.kill(postmaster, 'SIGINT') // PostgreSQL's "fast" shutdown
      await allGone(tree).catch(kill)
      await ended
    },
  }
}

/** What every database begins with: the extension, and the front's memory of committed transactions. */
const beginnings = [
  'create extension documentdb cascade',
  'create schema front',
  'create table front.committed (session text primary key, number bigint not null)',
]

/** Makes the template of an empty database in a new root, so that instances start at once. */
export const fillTemplate = async (root: string): Promise<void> => {
  const folder = join(root, template)
  makeFolders(root, folder)
  const made = await live(inNamespace(root, folder, ...initCommand))
  if (made.code !== 0) throw new Error(`initdb: ${made.err.trim().slice(-500)}`)
  const single = Bun.spawn([...inNamespace(root, folder, ...singleUserCommand)], {
    stdin: Buffer.from(beginnings.map((line) => `${line}\n`).join('')),
    stdout: 'ignore',
    stderr: 'pipe',
  })
  const said = await new Response(single.stderr).text()
  if ((await single.exited) !== 0) throw new Error(`no extension: ${said.trim().slice(-500)}`)
}

/** Lays an empty database into `folder`, unless there is one. */
export const ensureData = async (root: string, folder: string): Promise<void> => {
  makeFolders(root, folder)
  const whole = join(folder, 'whole') // written last: a copy that was cut off is made again
  if (existsSync(whole)) return
  for (const name of ['wal', 'data'] as const) {
    const copied = await live([
      'cp',
      '-a',
      '--reflink=auto',
      `${join(root, template, name)}/.`,
      join(folder, name),
    ])
    if (copied.code !== 0) throw new Error(`no room for an empty database: ${copied.err.trim()}`)
  }
  await Bun.write(whole, '')
}
