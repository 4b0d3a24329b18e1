import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Argv, live } from '../../../cli/run.ts'
import { type OwnEngine, startDocker } from '../docker/engine.ts'
import { enginePrograms, type ImageStore, missingProgram } from '../docker/programs.ts'
import { type Absent, requireSuccess } from '../processes.ts'
import { type Disk, diskOn, makeDiskImage } from './disk.ts'
import { type Link, openRelay } from './link.ts'
import {
  accountFiles,
  DIR,
  type DiskUse,
  outsideFolders,
  type PiFolders,
  piFolders,
  pluginFile,
  SOCKET,
  setupScript,
} from './namespace.ts'
import { clientConfig, keygenArgv, sshdArgv, sshdConfig } from './sshd.ts'

/** An emulated Pi: OpenSSH and a Docker engine among files, processes and a network of their own. */
export type Pi = {
  /** For `ssh -F sshConfig HOST`. */
  readonly host: string
  readonly user: string
  /** Path of the client's configuration: port, key and host key of this one. */
  readonly sshConfig: string
  /** Lucid's DIR, a path inside; it belongs to the ssh user. */
  readonly dir: string
  /** The engine that runs now; another one after `restart`. */
  readonly engine: OwnEngine
  readonly link: Link
  /** The disk of limited size, where one was asked for. */
  readonly disk: Disk | undefined
  /** The argument list that runs a command inside as root: where the ssh user would say `sudo`. */
  readonly enter: (argv: readonly string[]) => Argv
  /** Where this process sees a path of the inside, while it runs. */
  readonly outside: (path: string) => string
  /** Ends all in order; the folder stays. */
  readonly stop: () => Promise<void>
  /** SIGKILL to everything at once; connections are reset and new ones refused. */
  readonly powerCut: () => Promise<void>
  /** A reboot, or the power's return: a new engine and a new sshd on the same folder and port. */
  readonly restart: () => Promise<void>
}

export type PiOptions = {
  /** Absolute; a short path, for sockets are in it. */
  readonly folder: string
  readonly store?: ImageStore
  /** Limits the disk that DIR is on. */
  readonly diskBytes?: number
  /** Limits one disk for DIR and the engine's images and containers, as a Pi with one card has. */
  readonly sharedBytes?: number
}

const HOST = 'pi'
const USER = 'pi'

/** What else must be there, with the package of Debian that has it. */
const needed = {
  sshd: 'openssh-server',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  mke2fs: 'e2fsprogs',
} as const

const makeKey = async (file: string, comment: string): Promise<string> => {
  if (!existsSync(file)) await requireSuccess('ssh-keygen', live(keygenArgv(file, comment)))
  return readFileSync(`${file}.pub`, 'utf8')
}

/** Writes all that does not depend on a port; keys that are there are kept. */
const prepare = async (folders: PiFolders, setup: string): Promise<void> => {
  for (const path of outsideFolders(folders)) mkdirSync(path, { recursive: true })
  for (const [name, text] of Object.entries(accountFiles(USER)))
    writeFileSync(join(folders.accounts, name), text, { mode: name === 'shadow' ? 0o600 : 0o644 })
  writeFileSync(join(folders.ssh, 'sshd_config'), sshdConfig(USER))
  const hostKey = await makeKey(join(folders.ssh, 'ssh_host_ed25519_key'), 'emulated-pi')
  const userKey = await makeKey(join(folders.client, 'key'), USER)
  writeFileSync(join(folders.ssh, 'authorized_keys'), userKey, { mode: 0o644 })
  writeFileSync(join(folders.client, 'known_hosts'), `${HOST} ${hostKey}`)
  for (const path of [pluginFile(folders), folders.nothing]) writeFileSync(path, '')
  chmodSync(folders.nothing, 0o644)
  writeFileSync(folders.setup, setup)
}

const diskUse = ({ diskBytes, sharedBytes }: PiOptions): DiskUse => {
  if (sharedBytes !== undefined) return 'shared'
  return diskBytes === undefined ? 'none' : 'own'
}

/**
 * An emulated Pi under `folder`, with no way out of it but the relay to its sshd on a port of 127.0.0.1. It dies
 * with this process. `absent` says why it cannot be had on this machine.
 */
export const startPi = async (options: PiOptions): Promise<Pi | Absent> => {
  const { folder, store = 'classic' } = options
  const gap = missingProgram(needed)
  if (gap) return gap
  const programs = await enginePrograms(store)
  if ('absent' in programs) return programs

  const folders = piFolders(folder)
  const use = diskUse(options)
  await prepare(folders, setupScript(folders, { user: USER, use, ...programs }))
  const bytes = options.sharedBytes ?? options.diskBytes
  if (bytes !== undefined) await makeDiskImage(folders.diskImage, bytes)

  const start = () => startDocker({ folder: folders.engine, store, setup: folders.setup, socket: SOCKET })
  let engine = await start()
  if ('absent' in engine) return engine
  let running: OwnEngine | undefined = engine
  const current = (): OwnEngine => {
    if (running === undefined) throw new Error('the emulated Pi is off')
    return running
  }
  const enter = (argv: readonly string[]) => current().enter(argv)
  const relay = await openRelay({ server: () => running?.enter(sshdArgv), log: folders.log })
  const sshConfig = join(folders.client, 'config')
  writeFileSync(sshConfig, clientConfig({ host: HOST, user: USER, port: relay.port, folder: folders.client }))

  const off = async (how: 'stop' | 'kill') => {
    const ending = running
    running = undefined
    if (how === 'kill') relay.reset()
    await ending?.[how]()
    relay.reset()
  }

  return {
    host: HOST,
    user: USER,
    sshConfig,
    dir: DIR,
    get engine() {
      return current()
    },
    link: relay.link,
    disk: bytes === undefined ? undefined : diskOn(enter),
    enter,
    outside: (path) => current().outside(path),
    stop: async () => {
      await off('stop')
      await relay.close()
    },
    powerCut: () => off('kill'),
    restart: async () => {
      await off('stop')
      engine = await start()
      if ('absent' in engine) throw new Error(engine.absent)
      running = engine
    },
  }
}
