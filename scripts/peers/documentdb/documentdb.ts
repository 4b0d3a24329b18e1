import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CliError } from '../../cli/fail.ts'
import { live } from '../../run.ts'
import { documentDbRoot } from './chroot.ts'
import { type Pose, setName } from './hello.ts'
import { killAll, treeOf } from './processes.ts'
import type { Ready, Role, Setup, Users } from './setup.ts'

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
  /** Size of a memory file system on which the engine's data lies, to fill it for real; an empty database takes 40 MB. Its data is gone after `stop`. */
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
}

const urlOf = (port: number, pose: Pose): string =>
  `mongodb://127.0.0.1:${port}/lucid${pose === 'standalone' ? '' : `?replicaSet=${setName}`}`

const launch = async (setup: Setup) => {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'main.ts')], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  child.stdin.write(`${JSON.stringify(setup)}\n`)
  await child.stdin.flush()
  const reader = child.stdout.getReader()
  let said = ''
  while (!said.includes('\n')) {
    const { value, done } = await reader.read()
    if (done) break
    said += Buffer.from(value).toString()
  }
  reader.releaseLock()
  if (said.includes('\n')) return { child, port: (JSON.parse(said) as Ready).port } // our own main.ts wrote it
  await child.exited
  throw new CliError(`DocumentDB did not start: see above, and ${join(setup.folder, 'engine.log')}`)
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
  const { users, tls, dataBytes, pose = 'replica-set' } = options
  let port = options.port ?? 0
  let running: { readonly child: Bun.Subprocess; readonly pids: () => readonly number[] } | undefined
  let isMounted = false

  const start = async (): Promise<void> => {
    if (running !== undefined) throw new CliError('it runs already')
    mkdirSync(folder, { recursive: true })
    if (dataBytes !== undefined && !isMounted) {
      await mountData(data, dataBytes)
      isMounted = true
    }
    const setup: Setup = {
      root: found.root,
      folder,
      port,
      pose,
      ...(users === undefined ? {} : { users: users satisfies Users }),
      ...(tls === undefined ? {} : { tls }),
      ...(isMounted ? { mounted: data } : {}),
    }
    const launched = await launch(setup)
    port = launched.port
    running = { child: launched.child, pids: () => treeOf(launched.child.pid) }
  }

  const pids = (): readonly number[] => running?.pids() ?? []

  const unmount = async (): Promise<void> => {
    if (!isMounted) return
    isMounted = false
    const { code, err } = await live(['umount', data])
    if (code !== 0) throw new CliError(`${data} cannot be unmounted: ${err.trim()}`)
  }

  await start()
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
        await now.child.exited
        await killAll(tree)
      }
      await unmount()
    },
  }
}
