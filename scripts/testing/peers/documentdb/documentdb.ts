import { existsSync, mkdirSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CliError } from '../../../cli/fail.ts'
import { live } from '../../../cli/run.ts'
import { documentDbRoot } from './chroot.ts'
import { type Pose, setName } from './hello.ts'
import { killAll, treeOf } from './processes.ts'
import { type Ready, type Role, readyFile, type Setup, setupFile, type Users } from './setup.ts'
import { writeWhole } from './whole-file.ts'

export { documentDbRoot } from './chroot.ts'
export type { Role } from './setup.ts'

export type DocumentDbOptions = {
  /** Where its data lies; the caller's own, and removed by him. */
  readonly folder: string
  /** Absent: nobody has to prove who he is. Empty: authentication is on, and the first user can be made from here. All are defined in `admin`. */
  readonly users?: Readonly<Record<string, { readonly password: string; readonly roles: readonly Role[] }>>
  /** PEM. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /**
   * What hello says. `standalone` also refuses transactions and retryable writes, with code 20; `old` is a
   * replica set of MongoDB 6.0. Default `replica-set`.
   */
  readonly pose?: Pose
  /** Size of a memory file system on which the engine's data lies, to fill it for real; an empty database takes 40 MB. Its data is gone after `stop`. A start after a kill on a full one takes 4 MB more. */
  readonly dataBytes?: number
  /** Default: a free one. */
  readonly port?: number
}

/** A DocumentDB engine behind a front that speaks MongoDB's wire protocol. It is not MongoDB. */
export type DocumentDb = {
  readonly port: number
  /** Without credentials. */
  readonly url: string
  /** SIGKILL of front and engine, all their processes, at once. Resolves when they are gone. */
  readonly kill: () => Promise<void>
  /** After kill or stop: same port, same data. Resolves when it answers. */
  readonly start: () => Promise<void>
  readonly pids: () => readonly number[]
  /** Orderly end. Resolves when all processes and mounts are gone. */
  readonly stop: () => Promise<void>
  /** Another size for a data file system that was made with `dataBytes`, at once: room again, or none. */
  readonly resize: (dataBytes: number) => Promise<void>
}

const urlOf = (port: number, pose: Pose): string =>
  `mongodb://127.0.0.1:${port}/lucid${pose === 'standalone' ? '' : `?replicaSet=${setName}`}`

/** Files instead of pipes: nothing of the front then depends on a stream of ours that is read or collected. */
const launch = async (setup: Setup) => {
  const { folder } = setup
  rmSync(readyFile(folder), { force: true })
  writeWhole(setupFile(folder), JSON.stringify(setup))
  const child = Bun.spawn(
    ['setpriv', '--pdeathsig=HUP', process.execPath, join(import.meta.dir, 'main.ts'), setupFile(folder)],
    // A session of its own: Ctrl-C is for us, and what it means for the peer, we say.
    { stdin: 'ignore', stdout: 'ignore', stderr: 'inherit', detached: true },
  )
  while (!existsSync(readyFile(folder))) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new CliError(`DocumentDB did not start: see above, and ${join(folder, 'engine.log')}`)
    await Bun.sleep(5)
  }
  return { child, ready: JSON.parse(readFileSync(readyFile(folder), 'utf8')) as Ready } // our own main.ts wrote it
}

/** Longest time for an orderly end, ms; what still runs then is killed. */
const orderly = 15_000

/** What the engine writes of its own at a start; it cannot start without. */
const room = 4 * 1024 ** 2

const isTight = (path: string): boolean => {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize < room
}

/** Gives a mounted file system another size, in bytes. */
const remount = async (path: string, bytes: number): Promise<void> => {
  const { code, err } = await live(['mount', '-o', `remount,size=${Math.trunc(bytes)}`, path])
  if (code !== 0) throw new CliError(`no ${bytes} bytes for ${path}: ${err.trim()}`)
}

/** The engine's data on a file system of its own. What can be filled there is the data; the log of changes is beside it. */
const mountData = async (path: string, bytes: number): Promise<void> => {
  mkdirSync(path, { recursive: true })
  const { code, err } = await live(['mount', '-t', 'tmpfs', '-o', `size=${Math.trunc(bytes)}`, 'tmpfs', path])
  if (code !== 0) throw new CliError(`no file system of ${bytes} bytes at ${path}: ${err.trim()}`)
}

/**
 * Starts one on a free port of 127.0.0.1. Durable: what it acknowledges is on the disk. Ends with this
 * process, however that ends. Throws CliError when this machine cannot have it (ask `documentDbRoot` first).
 */
export const startDocumentDb = async (options: DocumentDbOptions): Promise<DocumentDb> => {
  const found = await documentDbRoot()
  if ('absent' in found) throw new CliError(`no DocumentDB on this machine: ${found.absent}`)
  const folder = resolve(options.folder)
  const data = join(folder, 'data')
  const { users, tls, pose = 'replica-set' } = options
  let port = options.port ?? 0
  let running: { readonly child: Bun.Subprocess; readonly pids: () => readonly number[] } | undefined
  let isMounted = false
  let size = options.dataBytes

  const start = async (): Promise<void> => {
    if (running !== undefined) throw new CliError('it runs already')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (size !== undefined && !isMounted) {
      await mountData(data, size)
      rmSync(join(folder, 'whole'), { force: true }) // what lay there before is not there any more
      isMounted = true
    } else if (size !== undefined && isTight(data)) {
      size += room
      await remount(data, size)
    }
    const setup: Setup = {
      root: found.root,
      folder,
      starter: process.pid,
      port,
      pose,
      ...(users === undefined ? {} : { users: users satisfies Users }),
      ...(tls === undefined ? {} : { tls }),
      ...(isMounted ? { mounted: data } : {}),
    }
    const launched = await launch(setup)
    const { child, ready } = launched
    port = ready.port
    // The engine is named besides: when the front died by itself, it may still be on its way out.
    running = { child, pids: () => [...new Set([child.pid, ready.engine].flatMap(treeOf))] }
  }

  const pids = (): readonly number[] => running?.pids() ?? []

  const unmount = async (): Promise<void> => {
    if (!isMounted) return
    isMounted = false
    const { code, err } = await live(['umount', data])
    if (code !== 0) throw new CliError(`${data} cannot be unmounted: ${err.trim()}`)
  }

  await start().catch(async (error) => {
    await unmount()
    throw error
  })
  return {
    port,
    url: urlOf(port, pose),
    pids,
    start,
    kill: async () => {
      await killAll(pids())
      running = undefined
    },
    stop: async () => {
      const now = running
      running = undefined
      if (now !== undefined) {
        const tree = now.pids()
        now.child.kill('SIGTERM')
        await Promise.race([now.child.exited, Bun.sleep(orderly)])
        await killAll(tree)
      }
      await unmount()
    },
    resize: async (bytes) => {
      if (!isMounted) throw new CliError('its data lies on no file system of its own')
      await remount(data, bytes)
      size = bytes
    },
  }
}
