import { open } from 'node:fs/promises'
import { EXIT_NO_INPUT } from '#common/cli/sysexits'
import { CliError } from '../cli/fail.ts'

const noKey = (what: string) => new CliError(what, { exitCode: EXIT_NO_INPUT })

/**
 * The owner's secret key (64 hex digits) in a file that nobody else may read; Windows keeps rights elsewhere and is not
 * checked. Throws CliError that never shows what the file holds.
 */
export const readKeyFile = async (path: string): Promise<string> => {
  const file = await open(path, 'r').catch(() => {
    throw noKey(`the owner key file ${path} cannot be read`)
  })
  try {
    const { mode } = await file.stat()
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw noKey(
        `${path} is open to other users (mode ${(mode & 0o777).toString(8)}): run chmod 600 on it, and use another key if others had access`,
      )
    const key = (await file.readFile('utf8').catch(() => '')).trim().toLowerCase()
    if (!/^[0-9a-f]{64}$/.test(key)) throw noKey(`${path} does not hold a secret key: 64 hex digits`)
    return key
  } finally {
    await file.close()
  }
}
