import { readdirSync, readFileSync } from 'node:fs'
import { EXIT_USAGE } from '#common/cli/read-command'
import { EXIT_CANNOT_CREATE, EXIT_NO_INPUT } from '#common/cli/sysexits'
import { CliError } from '../cli/fail.ts'
import { createFile, makePrivateFolder } from '../platform/files.ts'
import type { Config } from './config.ts'
import { parseTronKey, type TronKey } from './tron-key.ts'

/** The key and the sign-in that are meant when none is named. */
export const DEFAULT_NAME = 'me'

/** Throws CliError unless it can be part of a file name everywhere. */
export const requireName = (name: string): string => {
  if (/^[a-z0-9][a-z0-9_-]{0,31}$/.test(name)) return name
  throw new CliError(`'${name}' is no name: 1 to 32 of a-z, 0-9, - and _`, { exitCode: EXIT_USAGE })
}

/** Keeps a sealed key; never over one that is there. */
export const createKeyFile = (config: Config, path: string, key: TronKey): void => {
  makePrivateFolder(config.keys)
  if (createFile(path, `${JSON.stringify(key, null, 2)}\n`)) return
  throw new CliError(`${path} exists already: give the new key another name`, { exitCode: EXIT_CANNOT_CREATE })
}

/** A key file as it is, sealed. Throws CliError that says how to make one. */
export const readSealedKey = (path: string): TronKey => {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    throw new CliError(`there is no key ${path}: bun run lucid key new makes one`, { exitCode: EXIT_NO_INPUT })
  }
  return parseTronKey(text, path)
}

/** The keys of this machine's user: name, file and what is in it. */
export const listKeys = (
  config: Config,
): readonly { readonly name: string; readonly file: string; readonly key: TronKey }[] => {
  let names: readonly string[] = []
  try {
    names = readdirSync(config.keys)
  } catch {
    // There is no folder before the first key.
  }
  return names
    .flatMap((file) => /^(.+)\.key$/.exec(file)?.[1] ?? [])
    .toSorted()
    .map((name) => ({ name, file: config.key(name), key: readSealedKey(config.key(name)) }))
}
