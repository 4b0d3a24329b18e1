import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorMessage } from '#common/process/error'
import { live } from '../../../cli/run.ts'
import type { Absent } from '../processes.ts'

const MISC = '/proc/sys/fs/binfmt_misc'
/** The registration as Debian's package brings it, for systemd-binfmt(8). */
const REGISTRATION = '/usr/lib/binfmt.d/qemu-aarch64.conf'
const NAME = 'qemu-aarch64'

/**
 * Makes this kernel start arm64 programs by qemu-user, in containers too (the flag F opens the interpreter once for
 * all). What a machine with systemd has done at installation is done here when it is missing, and stays. Undefined when
 * they start; `absent` says why they do not. On an arm64 machine there is nothing to do.
 */
export const ensureArm64 = async (): Promise<Absent | undefined> => {
  if (process.arch === 'arm64') return undefined
  if (process.platform !== 'linux') return { absent: 'arm64 under emulation needs Linux' }
  if (!existsSync(REGISTRATION))
    return { absent: 'qemu-user is not installed: apt-get install qemu-user-static binfmt-support' }
  if (existsSync(join(MISC, NAME))) return undefined
  if (process.getuid?.() !== 0) return { absent: 'only root can register qemu-user with the kernel' }
  if (!existsSync(join(MISC, 'register'))) {
    const { code, err } = await live(['mount', '-t', 'binfmt_misc', 'binfmt_misc', MISC])
    if (code !== 0) return { absent: `binfmt_misc cannot be mounted: ${err.trim()}` }
  }
  const line = readFileSync(REGISTRATION, 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`:${NAME}:`))
  if (line === undefined) return { absent: `${REGISTRATION} registers nothing: the package has changed` }
  try {
    writeFileSync(join(MISC, 'register'), line)
  } catch (error) {
    return { absent: `qemu-user cannot be registered: ${errorMessage(error)}` }
  }
  return existsSync(join(MISC, NAME)) ? undefined : { absent: 'the kernel did not keep the registration of qemu-user' }
}
