import { readdirSync, readFileSync, statSync } from 'node:fs'

/** Files in /proc come and go with their processes, and those of others cannot be read. */
const tryRead = <R>(read: () => R): R | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** The access mode of open(2) in the octal flags of /proc/PID/fdinfo/FD (proc_pid_fdinfo(5)): 1 and 2 write. */
const writes = (fdinfo: string): boolean => {
  const flags = /^flags:\s*([0-7]+)$/m.exec(fdinfo)?.[1]
  return flags !== undefined && (Number.parseInt(flags, 8) & 3) !== 0
}

/**
 * A process that has the file open for writing, of those that we may look into; undefined where there is none or the
 * system does not say (only Linux does).
 */
export const findWriter = ({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }): number | undefined => {
  const pids = process.platform === 'linux' ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : []
  for (const pid of pids)
    for (const fd of tryRead(() => readdirSync(`/proc/${pid}/fd`)) ?? []) {
      const file = tryRead(() => statSync(`/proc/${pid}/fd/${fd}`, { bigint: true }))
      if (file?.ino !== ino || file.dev !== dev) continue
      if (writes(tryRead(() => readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8')) ?? '')) return Number(pid)
    }
  return undefined
}
