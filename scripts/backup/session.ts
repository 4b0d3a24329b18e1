import { hostname, userInfo } from 'node:os'
import { type Lease, takeLease } from '../host/lease.ts'
import { openShell, type Shell } from '../host/shell.ts'
import type { Target } from '../host/target.ts'

const shellOf = ({ host, sshConfig }: Target): Shell =>
  openShell({ host, ...(sshConfig !== undefined && { sshConfig }) })

/** A shell on a host while `work` runs. */
export const withShell = async <T>(target: Target, work: (shell: Shell) => Promise<T>): Promise<T> => {
  const shell = shellOf(target)
  try {
    return await work(shell)
  } finally {
    await shell.close()
  }
}

/** The lease of a host while `work` runs. */
export const withLease = async <T>(
  target: Target,
  { what, onWait }: { readonly what: string; readonly onWait: (text: string) => void },
  work: (lease: Lease) => Promise<T>,
): Promise<T> =>
  withShell(target, async (shell) => {
    const machine = hostname()
    const holder = { by: `${userInfo().username}@${machine}`, machine, pid: process.pid, what }
    const lease = await takeLease(shell, target.dir, holder, { onWait })
    try {
      return await work(lease)
    } finally {
      await lease.release()
    }
  })
