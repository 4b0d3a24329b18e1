/** What the stand-in takes of mongod's command line. */
export type CommandLine = { readonly replSet: string; readonly keyFile: string }

/** Flags of mongod with a value, and without; true is what the stand-in heeds. */
const flags: Readonly<Record<string, { readonly value: boolean }>> = {
  '--replSet': { value: true },
  '--keyFile': { value: true },
  '--wiredTigerCacheSizeGB': { value: true },
  '--bind_ip_all': { value: false },
  '--nounixsocket': { value: false },
}

/** Reads it; throws an Error that names what is unknown or missing, as mongod would not start either. */
export const readCommandLine = (argv: readonly string[]): CommandLine => {
  const given = new Map<string, string>()
  for (let at = 0; at < argv.length; at++) {
    const name = argv[at] ?? ''
    const flag = flags[name]
    if (flag === undefined) throw new Error(`unrecognised option ${name}`)
    given.set(name, flag.value ? (argv[++at] ?? '') : '')
  }
  const replSet = given.get('--replSet')
  const keyFile = given.get('--keyFile')
  if (!replSet || !keyFile) throw new Error('the stand-in needs --replSet and --keyFile')
  return { replSet, keyFile }
}
