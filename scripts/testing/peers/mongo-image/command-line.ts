import { parseArgs } from 'node:util'

/** What the image heeds of mongod's command line. */
export type CommandLine = { readonly replSet: string; readonly keyFile: string }

/** Reads it; throws an Error that names what is unknown or missing, as mongod would not start either. */
export const parseCommandLine = (argv: readonly string[]): CommandLine => {
  const { replSet, keyFile } = parseArgs({
    args: [...argv],
    options: {
      replSet: { type: 'string' },
      keyFile: { type: 'string' },
      wiredTigerCacheSizeGB: { type: 'string' },
      bind_ip_all: { type: 'boolean' },
      nounixsocket: { type: 'boolean' },
    },
  }).values
  if (!replSet || !keyFile) throw new Error('it needs --replSet and --keyFile')
  return { replSet, keyFile }
}
