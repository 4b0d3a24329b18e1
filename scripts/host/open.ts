import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import { createFile } from '../platform/files.ts'
import { type Home, homeFrom } from '../platform/home.ts'
import { type Lease, takeLease } from './lease.ts'
import { openShell, type Shell } from './shell.ts'
import { resolveTarget, type Target } from './target.ts'

/** A host that a command talks to, and this machine's state folder. */
export type HostSession = { readonly shell: Shell; readonly target: Target; readonly home: Home }

type Env = Readonly<Record<string, string | undefined>>

/** Opens a shell on the host that the flags, the environment or the last deploy name. */
export const openHost = (flags: Parameters<typeof resolveTarget>[0], env: Env): HostSession => {
  const home = homeFrom(env)
  const target = resolveTarget(flags, env, home)
  const { host, sshConfig } = target
  return { home, target, shell: openShell({ host, env, ...(sshConfig !== undefined && { sshConfig }) }) }
}

/** The same while `work` runs. */
export const withHost = async <T>(
  flags: Parameters<typeof resolveTarget>[0],
  env: Env,
  work: (opened: HostSession) => Promise<T>,
): Promise<T> => {
  const opened = openHost(flags, env)
  try {
    return await work(opened)
  } finally {
    await opened.shell.close()
  }
}

/** Who runs this command, for journals and leases. */
export const whoami = (env: Env = process.env): string =>
  `${env['USER'] || env['USERNAME'] || userInfo().username}@${hostname()}`

/** A name of this machine that no other has (two may share a host name), made once, in the state folder. */
export const machineName = (home: Home): string => {
  const path = join(home.root, 'machine')
  if (!existsSync(path)) {
    mkdirSync(home.root, { recursive: true, mode: 0o700 })
    createFile(path, `${randomBytes(8).toString('hex')}\n`)
  }
  return `${hostname()}-${readFileSync(path, 'utf8').trim()}`
}

export type LeaseRequest = { readonly what: string; readonly onWait: (text: string) => void }

/** Takes the lease of a host, does the work, gives it back; also when the work fails. */
export const withLease = async <T>(
  { shell, target, home }: HostSession,
  { what, onWait }: LeaseRequest,
  work: (lease: Lease) => Promise<T>,
): Promise<T> => {
  const holder = { by: whoami(), machine: machineName(home), pid: process.pid, what }
  const lease = await takeLease(shell, target.dir, holder, { onWait })
  try {
    return await work(lease)
  } finally {
    await lease.release()
  }
}
