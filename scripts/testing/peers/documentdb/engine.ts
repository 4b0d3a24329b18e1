import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { live } from '../../../cli/run.ts'
import { allGone, becomesReady, killAll, requireSuccess, treeOf } from '../processes.ts'
import { initCommand, inNamespace, mounted, serverCommand, singleUserCommand, template } from './namespace.ts'

/** How a client of the engine in this process connects; the engine has no port. */
export const connection = {
  // A path below the working directory: that of the data folder may be longer than a socket's path can be.
  host: '/proc/self/cwd/run',
  user: 'postgres',
  database: 'postgres',
  options: '-c client_min_messages=warning',
} as const

/** Made for the user postgres of the root, by number: the machine's own user of that name may be another. */
const makeFolders = (root: string, folder: string): void => {
  const { uid, gid } = statSync(join(root, 'var/lib/postgresql'))
  for (const name of mounted) {
    const path = join(folder, name)
    mkdirSync(path, { recursive: true })
    chownSync(path, uid, gid)
    chmodSync(path, 0o700)
  }
}

const pidFile = (folder: string): string => join(folder, 'data', 'postmaster.pid')

/** What an engine that was killed says about its process is not true. */
export const forgetKilled = (folder: string): void => rmSync(pidFile(folder), { force: true })

/** The engine writes its state into the eighth line of its pid file, for its own tools to wait by. */
export const isReady = (folder: string): boolean => {
  try {
    return readFileSync(pidFile(folder), 'utf8').split('\n')[7]?.trim() === 'ready'
  } catch {
    return false
  }
}

/** Longest start: recovery after a kill syncs every file on a slow disk, ms. */
const START_MS = 600_000

/**
 * Starts PostgreSQL with the extension on the data in `folder`, which nobody else may have; resolves when it answers. It
 * ends with the process that started it.
 * Its log is `folder/engine.log`. Throws when it ends before that.
 */
export const startEngine = async (root: string, folder: string) => {
  forgetKilled(folder)
  const log = openSync(join(folder, 'engine.log'), 'a')
  const child = Bun.spawn([...inNamespace(root, folder, ...serverCommand)], {
    stdio: ['ignore', log, log],
    env: { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin' },
  })
  closeSync(log)
  if (!(await becomesReady(child, () => isReady(folder), { deadlineMs: START_MS, everyMs: 5 })))
    throw new Error(`the engine ended at its start: see ${join(folder, 'engine.log')}`)
  const ended = child.exited.then(() => {})
  const kill = () => killAll(treeOf(child.pid))
  return {
    /** Its first process; all others come from that. */
    pid: child.pid,
    /** Resolves when it has ended, however. */
    ended,
    /** SIGKILL for every process of it. */
    kill,
    /** Orderly: clients are cut off, what is acknowledged is on the disk. */
    stop: async (): Promise<void> => {
      const tree = treeOf(child.pid)
      const postmaster = tree[1]
      if (postmaster !== undefined) process.kill(postmaster, 'SIGINT') // PostgreSQL's "fast" shutdown
      await allGone(tree).catch(kill)
      await ended
    },
  }
}

export type Engine = Awaited<ReturnType<typeof startEngine>>

/** Makes the template of an empty database in a new root, so that instances start at once. */
export const fillTemplate = async (root: string): Promise<void> => {
  const folder = join(root, template)
  makeFolders(root, folder)
  await requireSuccess('initdb', live(inNamespace(root, folder, ...initCommand)))
  const single = Bun.spawn([...inNamespace(root, folder, ...singleUserCommand)], {
    stdin: Buffer.from('create extension documentdb cascade\n'),
    stdout: 'ignore',
    stderr: 'pipe',
  })
  const output = await new Response(single.stderr).text()
  if ((await single.exited) !== 0) throw new Error(`no extension: ${output.trim().slice(-500)}`)
}

/** Lays an empty database into `folder`, unless there is one. */
export const ensureData = async (root: string, folder: string): Promise<void> => {
  makeFolders(root, folder)
  const whole = join(folder, 'whole') // written last: a copy that was cut off is made again
  if (existsSync(whole)) return
  for (const name of ['wal', 'data'] as const) {
    for (const left of readdirSync(join(folder, name))) rmSync(join(folder, name, left), { recursive: true })
    const from = `${join(root, template, name)}/.`
    const copy = live(['cp', '-a', '--reflink=auto', from, join(folder, name)])
    await requireSuccess('no room for an empty database', copy)
  }
  await Bun.write(whole, '')
  // Not waited for. Its recovery after a kill syncs every file; the sooner they are clean, the shorter that is.
  Bun.spawn(['sync', '-f', folder], { stdio: ['ignore', 'ignore', 'ignore'] })
}
