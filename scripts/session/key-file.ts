import { readFile } from 'node:fs/promises'
import { EXIT_NO_INPUT } from '#common/cli/sysexits'
import { CliError } from '../cli/fail.ts'

/** The owner's secret key (64 hex digits) in a file. Throws CliError that never shows what the file holds. */
export const readKeyFile = async (path: string): Promise<string> => {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new CliError(`the owner key file ${path} cannot be read`, { exitCode: EXIT_NO_INPUT })
  })
  const key = text.trim().toLowerCase()
  if (!/^[0-9a-f]{64}$/.test(key))
    throw new CliError(`${path} does not hold a secret key: 64 hex digits`, { exitCode: EXIT_NO_INPUT })
  return key
}
