import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CliError } from '../../../cli/fail.ts'
import { replaceFile } from '../../../platform/files.ts'
import { becomesReady, killAll, treeOf } from '../processes.ts'
import { openDataDisk } from './data-disk.ts'
import { type Pose, setName } from './hello.ts'
import { documentDbRoot } from './root.ts'

export { documentDbRoot } from './root.ts'

/** A user: all are defined in `admin`; a role without `db` is of `admin` too. */
export type Users = Readonly<
  Record<
    string,
    {
      readonly password: string
      readonly roles: readonly { readonly role: 'root' | 'read' | 'readWrite'; readonly db?: string }[]
    }
  >
>

/** What a front is to be, as JSON in a file of its folder. */
export type Setup = {
  readonly root: string
  readonly folder: string
  /** Process id of who starts it and dies with it. */
  readonly starter: number
  readonly port: number
  readonly pose: Pose
  readonly users?: Users | undefined
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  /** A file system that ends with the starter. */
  readonly mounted?: string | undefined
}

/** What it says in a file of its folder when it answers: its port, and the process id of the engine's first process. */
export type Ready = { readonly port: number; readonly engine: number }

export const readyFile = (folder: string): string => join(folder, 'ready.json')

export type DocumentDbOptions = {
  /** Where its data lies; the caller's own, and removed by him. */
  readonly folder: string
  /** Absent: nobody has to prove who he is. Empty: authentication is on, and the first user can be made from here. */
  readonly users?: Users
  /** PEM. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /**
   * What hello says. `standalone` also refuses transactions and retryable writes, with code 20; `old` is a
   * replica set of MongoDB 6.0. Default `replica-set`.
   */
  readonly pose?: Pose
  /** Size of a memory file system on which the engine's data lies, to fill it for real; an empty database takes 40 MB. Its data is gone after `stop`. */
  readonly dataBytes?: number
  /** Default: a free one. */
  readonly port?: number
}

/** Longest start, ms: recovery after a kill on a busy machine takes its time. */
const START_MS = 600_000

/** Longest time for an orderly end, ms; what still runs then is killed. */
const ORDERLY_MS = 15_000

/** Files instead of pipes: nothing of the front then depends on a stream of ours that is read or collected. */
const launch = async (setup: Setup) => {
  const { folder } = setup
  const setupFile = join(folder, 'setup.json')
  rmSync(readyFile(folder), { force: true })
  replaceFile(setupFile, JSON.stringify(setup), { durable: false })
  const child = Bun.spawn(
    ['setpriv', '--pdeathsig=HUP', process.execPath, join(import.meta.dir, 'main.ts'), setupFile],
    // A session of its own: Ctrl-C is for us, and what it means for the front, we say.
    { stdio: ['ignore', 'ignore', 'inherit'], detached: true },
  )
  const isUp = () => existsSync(readyFile(folder))
  if (!(await becomesReady(child, isUp, { deadlineMs: START_MS, everyMs: 5 })))
    throw new CliError(`DocumentDB did not start: see above, and ${join(folder, 'engine.log')}`)
  const ready = JSON.parse(readFileSync(readyFile(folder), 'utf8')) as Ready // our own main.ts wrote it
  // The engine is named besides: when the front died by itself, it may still be on its way out.
  return { child, port: ready.port, pids: () => [...new Set([child.pid, ready.engine].flatMap(treeOf))] }
}

/**
 * Starts a DocumentDB engine behind a front that speaks MongoDB's wire protocol, which is not MongoDB, on a free port of 127.0.0.1. Durable: what it acknowledges is on the disk. Ends with this
 * process, however that ends. Throws CliError when this machine cannot have it (ask `documentDbRoot` first).
 */
export const startDocumentDb = async (options: DocumentDbOptions) => {
  const found = await documentDbRoot()
  if ('absent' in found) throw new CliError(`no DocumentDB on this machine: ${found.absent}`)
  const folder = resolve(options.folder)
  const data = join(folder, 'data')
  const disk = options.dataBytes === undefined ? undefined : openDataDisk(data, options.dataBytes)
  const { users, tls, pose = 'replica-set' } = options
  let port = options.port ?? 0
  let running: Awaited<ReturnType<typeof launch>> | undefined

  const start = async (): Promise<void> => {
    if (running !== undefined) throw new CliError('it runs already')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    // What lay there before is not there any more.
    if (await disk?.prepare()) rmSync(join(folder, 'whole'), { force: true })
    const mounted = disk && data
    running = await launch({ root: found.root, folder, starter: process.pid, port, pose, users, tls, mounted })
    port = running.port
  }
  const pids = (): readonly number[] => running?.pids() ?? []

  await start().catch(async (error) => {
    await disk?.unmount()
    throw error
  })
  return {
    port,
    /** Without credentials. */
    url: `mongodb://127.0.0.1:${port}/lucid${pose === 'standalone' ? '' : `?replicaSet=${setName}`}`,
    pids,
    /** After kill or stop: same port, same data. Resolves when it answers. */
    start,
    /** SIGKILL of front and engine, all their processes, at once. Resolves when they are gone. */
    kill: async (): Promise<void> => {
      await killAll(pids())
      running = undefined
    },
    /** Orderly end. Resolves when all processes and mounts are gone. */
    stop: async (): Promise<void> => {
      const ending = running
      const tree = pids()
      running = undefined
      ending?.child.kill('SIGTERM')
      if (ending !== undefined) await Promise.race([ending.child.exited, Bun.sleep(ORDERLY_MS)])
      await killAll(tree)
      await disk?.unmount()
    },
    /** Another size for a data file system that was made with `dataBytes`, at once: room again, or none. */
    resize: async (bytes: number): Promise<void> => {
      if (disk === undefined) throw new CliError('its data lies on no file system of its own')
      await disk.resize(bytes)
    },
  }
}

export type DocumentDb = Awaited<ReturnType<typeof startDocumentDb>>
