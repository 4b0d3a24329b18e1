import { EXIT_USAGE } from '#common/cli/read-command'
import { EXIT_NO_INPUT } from '#common/cli/sysexits'
import type { Print } from '#common/cli/text'
import { CliError } from '../cli/fail.ts'
import { askHidden } from './ask.ts'

/** Shorter ones are refused for a new key. */
const SHORTEST = 8

const readFile = async (path: string): Promise<string> => {
  const text = await Bun.file(path)
    .text()
    .catch(() => {
      throw new CliError(`the passphrase file ${path} cannot be read`, { exitCode: EXIT_NO_INPUT })
    })
  return text.replace(/\r?\n$/, '')
}

type From = { readonly file: string | undefined; readonly err: Print }

const requireTerminal = (): void => {
  if (process.stdin.isTTY) return
  throw new CliError('there is no terminal to ask for the passphrase at: give --passphrase-file FILE', {
    exitCode: EXIT_USAGE,
  })
}

/** The passphrase of a key that is there: the file's first and only line, or asked at the terminal. */
export const readPassphrase = async ({ file, err }: From): Promise<string> => {
  if (file !== undefined) return readFile(file)
  requireTerminal()
  return askHidden('Passphrase: ', err)
}

/** The passphrase of a new key, asked twice. Throws CliError for one that is short or differs. */
export const choosePassphrase = async ({ file, err }: From): Promise<string> => {
  if (file === undefined) requireTerminal()
  const first = file === undefined ? await askHidden('New passphrase: ', err) : await readFile(file)
  if ([...first].length < SHORTEST)
    throw new CliError(`a passphrase has ${SHORTEST} characters at least: take a few words`)
  if (file === undefined && (await askHidden('Once more: ', err)) !== first)
    throw new CliError('the two differ: nothing was made')
  return first
}
