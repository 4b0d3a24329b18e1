import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorMessage } from '#common/process/error'

/** Where each version of control groups keeps memory, and the names of its files. */
const VERSIONS = [
  { root: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes', swap: 'memory.memsw.limit_in_bytes' },
  { root: '/sys/fs/cgroup', limit: 'memory.max', swap: 'memory.swap.max' },
] as const

/** A control group of Linux with a limit of memory; the kernel kills what needs more. */
export type MemoryLimit = {
  /** The command, to be run within the limit. */
  readonly wrap: (argv: readonly string[]) => string[]
  readonly remove: () => void
}

/** A group of `bytes` of memory and no swap, or the reason why there can be none here (it takes root on Linux). */
export const limitMemory = (bytes: number): MemoryLimit | { readonly absent: string } => {
  const name = `lucid-memory-${process.pid}-${crypto.randomUUID()}`
  const version = VERSIONS.find(
    ({ root, limit }) => existsSync(root) && (limit === 'memory.max' || existsSync(join(root, limit))),
  )
  if (version === undefined) return { absent: 'no control groups on this machine' }
  const folder = join(version.root, name)
  try {
    mkdirSync(folder)
    writeFileSync(join(folder, version.limit), String(bytes))
    if (existsSync(join(folder, version.swap)))
      writeFileSync(join(folder, version.swap), version.limit === 'memory.max' ? '0' : String(bytes))
    if (readFileSync(join(folder, version.limit), 'utf8').trim() !== String(bytes))
      throw new Error('the limit was not taken')
  } catch (error) {
    if (existsSync(folder)) rmdirSync(folder)
    return { absent: `no memory limit can be set here (${errorMessage(error)})` }
  }
  return {
    wrap: (argv) => ['/bin/sh', '-c', `echo $$ > ${folder}/cgroup.procs && exec "$@"`, 'sh', ...argv],
    remove: () => rmdirSync(folder),
  }
}
