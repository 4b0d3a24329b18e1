import { existsSync, readFileSync } from 'node:fs'
import { identitiesIn } from '#common/backup/age'
import { CliError, errorLine } from '../cli/fail.ts'

/** The text of a file of age identities on this machine. Throws CliError that names it, never quotes it. */
export const identityFile = (path: string): string => {
  if (!existsSync(path)) throw new CliError(`${path} is not there: --identity takes the file of your key`)
  const text = readFileSync(path, 'utf8')
  try {
    identitiesIn(text)
  } catch (error) {
    throw new CliError(`${path}: ${errorLine(error)}`)
  }
  return text
}
